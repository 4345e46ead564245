namespace SomaStack.Platform.Cel;

/// <summary>Text into a tree by recursive descent (cel-spec, langdef: "Syntax" and "Macros"). Messages of protobuf are not part of it.</summary>
internal sealed class Parser
{
    private static readonly HashSet<string> Reserved =
        ["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"];
    private static readonly HashSet<string> Keywords = ["true", "false", "null", "in"];
    private static readonly string[] Relations = ["==", "!=", "<", "<=", ">", ">="];
    private static readonly string[] Sums = ["+", "-"];
    private static readonly string[] Products = ["*", "/", "%"];

    private readonly string _source;
    private readonly Lexer _lexer;
    private Token _token;
    private Token _next;
    private int _nesting;

    private Parser(string source)
    {
        (_source, _lexer) = (source, new Lexer(source));
        _token = _lexer.Next();
        _next = _token.Kind == TokenKind.End ? _token : _lexer.Next();
    }

    /// <exception cref="CelException">It is not CEL, or exceeds <see cref="CelLimits"/>.</exception>
    public static Expr Parse(string source)
    {
        if (source.Length > CelLimits.Source) throw new CelException($"The expression has more than {CelLimits.Source} characters", 1, 1);
        var parser = new Parser(source);
        var expression = parser.Expression();
        return parser._token.Kind == TokenKind.End ? expression : throw parser.Unexpected();
    }

    private Expr Expression()
    {
        Enter();
        var condition = Or();
        if (_token.Is("?"))
        {
            var position = Take().Start;
            var then = Or();
            Expect(":");
            var otherwise = Expression();
            condition = new ConditionalExpr(position, Level(position, condition, then, otherwise), condition, then, otherwise);
        }
        _nesting--;
        return condition;
    }

    private Expr Or() => Logic("||", isAnd: false);

    private Expr Logic(string sign, bool isAnd)
    {
        var first = isAnd ? Relation() : Logic("&&", isAnd: true);
        if (!_token.Is(sign)) return first;
        var position = _token.Start;
        var operands = new List<Expr> { first };
        while (_token.Is(sign))
        {
            Take();
            operands.Add(isAnd ? Relation() : Logic("&&", isAnd: true));
        }
        return new LogicExpr(position, Level(position, [.. operands]), isAnd, operands);
    }

    private Expr Relation()
    {
        var left = Sum();
        while (Operator(Relations) is { } sign || (_token is { Kind: TokenKind.Name, Text: "in" } && (sign = "in") is not null))
        {
            var position = Take().Start;
            left = Call(position, sign, left, Sum());
        }
        return left;
    }

    private Expr Sum()
    {
        var left = Product();
        while (Operator(Sums) is { } sign)
        {
            var position = Take().Start;
            left = Call(position, sign, left, Product());
        }
        return left;
    }

    private Expr Product()
    {
        var left = Unary();
        while (Operator(Products) is { } sign)
        {
            var position = Take().Start;
            left = Call(position, sign, left, Unary());
        }
        return left;
    }

    private Expr Unary()
    {
        if (!_token.Is("!") && !_token.Is("-")) return Member();
        var sign = _token.Text;
        var positions = new List<int>();
        while (_token.Is(sign))
        {
            // The minus before a number belongs to it, or the smallest int could not be written.
            if (sign == "-" && _next is { Kind: TokenKind.Literal, Text: not "text" } && _next.Text != "u") break;
            positions.Add(Take().Start);
            if (positions.Count > CelLimits.Depth) throw TooDeep(positions[0]);
        }
        var operand = Member();
        for (var i = positions.Count - 1; i >= 0; i--) operand = Call(positions[i], sign == "!" ? "!" : "neg", operand);
        return operand;
    }

    private Expr Member()
    {
        var operand = Primary();
        while (true)
        {
            var position = _token.Start;
            if (_token.Is("."))
            {
                Take();
                if (_token.Kind != TokenKind.Name || Keywords.Contains(_token.Text)) throw Unexpected();
                var field = Take().Text;
                operand = _token.Is("(") ? MemberCall(position, operand, field) : new SelectExpr(position, Level(position, operand), operand, field, test: false);
            }
            else if (_token.Is("["))
            {
                Take();
                var index = Expression();
                Expect("]");
                operand = Call(position, "[]", operand, index);
            }
            else if (_token.Is("{") && Names.Of(operand) is not null) throw Wrong(position, "Messages of protobuf are not supported");
            else return operand;
        }
    }

    private Expr Primary()
    {
        var token = _token;
        if (token.Kind == TokenKind.Literal || (token.Is("-") && _next.Kind == TokenKind.Literal)) return Literal();
        if (token.Is("("))
        {
            Take();
            var inner = Expression();
            Expect(")");
            return inner;
        }
        if (token.Is("["))
        {
            Take();
            var items = Expressions("]");
            return new ListExpr(token.Start, Level(token.Start, [.. items]), items);
        }
        if (token.Is("{")) return Map();
        var absolute = token.Is(".");
        if (absolute) Take();
        if (_token.Kind != TokenKind.Name) throw Unexpected();
        var name = Take();
        if (!absolute && name.Text is "true" or "false" or "null") return new ConstExpr(name.Start, name.Text == "null" ? Value.Null : Value.Of(name.Text == "true"));
        if (Reserved.Contains(name.Text) || Keywords.Contains(name.Text)) throw Wrong(name.Start, $"'{name.Text}' is reserved and no name");
        return _token.Is("(") ? GlobalCall(name) : new NameExpr(name.Start, name.Text, absolute);
    }

    private ConstExpr Literal()
    {
        var negative = _token.Is("-");
        var start = _token.Start;
        if (negative) Take();
        var token = Take();
        if (token.Literal.Kind == ValueKind.Double) return new ConstExpr(start, negative ? Value.Of(-token.Literal.Double) : token.Literal);
        if (token.Literal.Kind != ValueKind.Uint || token.Text == "u") return negative ? throw Unexpected() : new ConstExpr(start, token.Literal);
        var number = token.Literal.Uint;
        if (number > (negative ? 1UL << 63 : long.MaxValue)) throw Wrong(start, "The number is too large");
        return new ConstExpr(start, Value.Of(negative ? unchecked(-(long)number) : (long)number));
    }

    private MapExpr Map()
    {
        var position = Take().Start;
        var entries = new List<(Expr, Expr)>();
        var depth = 0;
        while (!_token.Is("}"))
        {
            var key = Expression();
            Expect(":");
            var value = Expression();
            entries.Add((key, value));
            depth = Math.Max(depth, Math.Max(key.Depth, value.Depth));
            if (!_token.Is(",")) break;
            Take();
        }
        Expect("}");
        if (depth >= CelLimits.Depth) throw TooDeep(position);
        return new MapExpr(position, depth + 1, entries);
    }

    private List<Expr> Expressions(string close)
    {
        var items = new List<Expr>();
        while (!_token.Is(close))
        {
            items.Add(Expression());
            if (!_token.Is(",")) break;
            Take();
            // Only lists may end with a comma.
            if (close == ")" && _token.Is(close)) throw Unexpected();
        }
        Expect(close);
        return items;
    }

    private Expr GlobalCall(Token name)
    {
        Take();
        var arguments = Expressions(")");
        if (name.Text != "has" || arguments.Count != 1) return new CallExpr(name.Start, Level(name.Start, [.. arguments]), name.Text, null, arguments);
        if (arguments[0] is not SelectExpr { Test: false } select) throw Wrong(name.Start, "'has' takes a field, as in has(a.b)");
        return new SelectExpr(name.Start, select.Depth, select.Operand, select.Field, test: true);
    }

    private Expr MemberCall(int position, Expr target, string function)
    {
        Take();
        var arguments = Expressions(")");
        LoopKind? loop = (function, arguments.Count) switch
        {
            ("all", 2) => LoopKind.All,
            ("exists", 2) => LoopKind.Exists,
            ("exists_one", 2) => LoopKind.ExistsOne,
            ("filter", 2) => LoopKind.Filter,
            ("map", 2 or 3) => LoopKind.Map,
            _ => null,
        };
        if (loop is not { } kind) return new CallExpr(position, Level(position, [target, .. arguments]), function, target, arguments);
        if (arguments[0] is not NameExpr { Absolute: false } variable) throw Wrong(arguments[0].Position, $"The first argument of '{function}' must be a name");
        var predicate = kind == LoopKind.Map && arguments.Count == 2 ? null : arguments[1];
        var transform = kind == LoopKind.Map ? arguments[^1] : null;
        return new LoopExpr(position, Level(position, [target, .. arguments]), kind, target, variable.Name, predicate, transform);
    }

    private CallExpr Call(int position, string function, params Expr[] arguments) => new(position, Level(position, arguments), function, null, arguments);

    private int Level(int position, params ReadOnlySpan<Expr> below)
    {
        var depth = 0;
        foreach (var expression in below) depth = Math.Max(depth, expression.Depth);
        return depth < CelLimits.Depth ? depth + 1 : throw TooDeep(position);
    }

    private void Enter()
    {
        if (++_nesting > CelLimits.Depth) throw TooDeep(_token.Start);
    }

    private string? Operator(string[] signs) => _token.Kind == TokenKind.Sign && Array.IndexOf(signs, _token.Text) is var i and >= 0 ? signs[i] : null;

    private Token Take()
    {
        var token = _token;
        _token = _next;
        if (_next.Kind != TokenKind.End) _next = _lexer.Next();
        return token;
    }

    private void Expect(string sign)
    {
        if (!_token.Is(sign)) throw Wrong(_token.Start, $"'{sign}' is missing");
        Take();
    }

    private CelException Unexpected() => Wrong(_token.Start, _token.Kind == TokenKind.End ? "The expression ends too early" : "This does not belong here");

    private CelException TooDeep(int position) => Wrong(position, $"The expression is nested more than {CelLimits.Depth} deep");

    private CelException Wrong(int position, string problem) => CelException.At(_source, position, problem);
}

internal static class Names
{
    /// <summary>The dotted name that an expression spells, with its first part; null when it spells none.</summary>
    public static (string Whole, NameExpr First)? Of(Expr expression)
    {
        if (expression is NameExpr name) return (name.Name, name);
        return expression is SelectExpr { Test: false } select && Of(select.Operand) is var (whole, first) ? ($"{whole}.{select.Field}", first) : null;
    }
}
