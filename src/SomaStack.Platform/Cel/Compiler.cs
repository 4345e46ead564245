namespace SomaStack.Platform.Cel;

/// <summary>A tree into nodes that can be evaluated. What the checker would refuse becomes an error at run time.</summary>
internal sealed class Compiler
{
    private readonly CelEnvironment _environment;
    private readonly List<string> _locals = [];
    private readonly HashSet<string> _variables = new(StringComparer.Ordinal);
    private int _size;
    private int _deepest;

    private Compiler(CelEnvironment environment) => _environment = environment;

    public static CelProgram Compile(Expr expression, CelEnvironment environment, CelType type)
    {
        var compiler = new Compiler(environment);
        var root = compiler.Of(expression);
        return new CelProgram(root, type, environment.Count + compiler._deepest, compiler._size, compiler._variables);
    }

    private Node Of(Expr expression)
    {
        _size++;
        switch (expression)
        {
            case ConstExpr constant: return new ConstNode(constant.Value);
            case NameExpr or SelectExpr: return OfName(expression);
            case CallExpr call: return OfCall(call);
            case LogicExpr logic: return new LogicNode([.. logic.Operands.Select(Of)], logic.IsAnd);
            case ConditionalExpr conditional: return new ConditionalNode(Of(conditional.Condition), Of(conditional.Then), Of(conditional.Otherwise));
            case ListExpr list: return OfList(list);
            case MapExpr map: return new MapNode([.. map.Entries.Select(entry => (Of(entry.Key), Of(entry.Value)))]);
            case LoopExpr loop: return OfLoop(loop);
            default: throw new InvalidOperationException($"There is no node for {expression.GetType().Name}.");
        }
    }

    private Node OfName(Expr expression)
    {
        if (Names.Of(expression) is var (whole, first))
        {
            var local = first.Absolute ? -1 : _locals.LastIndexOf(first.Name);
            if (local < 0)
            {
                if (_environment.TryFind(whole, out var variable)) return Variable(whole, variable.Slot);
                if (CelType.IsTypeName(whole)) return new ConstNode(Value.Type(whole));
                if (expression is NameExpr) return new ConstNode(new Fault("unbound", $"'{whole}' is not known."));
            }
            else if (expression is NameExpr) return new SlotNode(_environment.Count + local);
        }
        var select = (SelectExpr)expression;
        if (!select.Test) return new SelectNode(Of(select.Operand), select.Field);
        if (Names.Of(select.Operand) is var (path, root) && _locals.LastIndexOf(root.Name) < 0 && _environment.TryFind($"{path}.{select.Field}", out var tested))
        {
            _variables.Add($"{path}.{select.Field}");
            return new IsSetNode(tested.Slot);
        }
        return new HasNode(Of(select.Operand), select.Field);
    }

    private SlotNode Variable(string name, int slot)
    {
        _variables.Add(name);
        return new SlotNode(slot);
    }

    private Node OfCall(CallExpr call)
    {
        if (call.Target is null && Functions.Operators.ContainsKey((call.Function, call.Arguments.Count))) return OfOperator(call.Function, [.. call.Arguments.Select(Of)]);
        var member = call.Target is not null;
        Node[] arguments = member ? [Of(call.Target!), .. call.Arguments.Select(Of)] : [.. call.Arguments.Select(Of)];
        if (!Functions.Standard.TryGetValue((call.Function, member, arguments.Length), out var function)) return new ConstNode(new Fault("unbound", $"There is no function '{call.Function}'."));
        if (function.Name == "matches" && arguments[1] is ConstNode { Value: { Kind: ValueKind.String } text } && Patterns.Compile(text.Text, out _) is { } pattern)
            return new MatchNode(arguments[0], pattern, text.Text.Length);
        if (function.Two is { } two) return new BinaryNode(two, arguments[0], arguments[1]);
        // A time that is written out is read once.
        if (function.Name is "timestamp" or "duration" && arguments[0] is ConstNode { Value: { Kind: ValueKind.String or ValueKind.Int } constant }) return new ConstNode(function.One!(new Frame(0), constant));
        return new UnaryNode(function.One!, arguments[0]);
    }

    private static Node OfOperator(string name, Node[] operands) => name switch
    {
        "+" => new BinaryNode(Arithmetic.Add, operands[0], operands[1]),
        "-" => new BinaryNode(Arithmetic.Subtract, operands[0], operands[1]),
        "*" => new BinaryNode(Arithmetic.Multiply, operands[0], operands[1]),
        "/" => new BinaryNode(Arithmetic.Divide, operands[0], operands[1]),
        "%" => new BinaryNode(Arithmetic.Remainder, operands[0], operands[1]),
        "neg" => new UnaryNode(Arithmetic.Negate, operands[0]),
        "!" => new NotNode(operands[0]),
        "==" or "!=" when operands is [SlotNode variable, ConstNode { Value: { Kind: ValueKind.String } text }] => new IsTextNode(variable.Slot, text.Text, name == "!="),
        "==" or "!=" => new EqualNode(operands[0], operands[1], name == "!="),
        "<" => new OrderNode(operands[0], operands[1], OrderKind.Less),
        "<=" => new OrderNode(operands[0], operands[1], OrderKind.LessOrEqual),
        ">" => new OrderNode(operands[0], operands[1], OrderKind.Greater),
        ">=" => new OrderNode(operands[0], operands[1], OrderKind.GreaterOrEqual),
        "in" => new InNode(operands[0], operands[1]),
        _ => new IndexNode(operands[0], operands[1]),
    };

    /// <summary>A list of constants is made once.</summary>
    private Node OfList(ListExpr list)
    {
        var items = list.Items.Select(Of).ToArray();
        if (!items.All(static item => item is ConstNode { Value.IsError: false })) return new ListNode(items);
        return new ConstNode(Value.Of(new CelList([.. items.Select(static item => ((ConstNode)item).Value)])));
    }

    private Node OfLoop(LoopExpr expression)
    {
        var range = Of(expression.Range);
        var before = _size;
        _locals.Add(expression.Variable);
        _deepest = Math.Max(_deepest, _locals.Count);
        var slot = _environment.Count + _locals.Count - 1;
        var predicate = expression.Predicate is null ? null : Of(expression.Predicate);
        var transform = expression.Transform is null ? null : Of(expression.Transform);
        _locals.RemoveAt(_locals.Count - 1);
        var loop = new Loop(range, slot, 1 + _size - before);
        return expression.Kind switch
        {
            LoopKind.All => new QuantifierNode(loop, predicate!, isAll: true),
            LoopKind.Exists => new QuantifierNode(loop, predicate!, isAll: false),
            LoopKind.ExistsOne => new ExistsOneNode(loop, predicate!),
            _ => new CollectNode(loop, predicate, transform),
        };
    }
}
