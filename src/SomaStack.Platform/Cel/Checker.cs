namespace SomaStack.Platform.Cel;

/// <summary>Finds the type of an expression, or the first place where it has none (cel-spec, langdef: "Gradual Type Checking").</summary>
internal sealed class Checker
{
    private readonly string _source;
    private readonly CelEnvironment _environment;
    private readonly List<(string Name, CelType Type)> _locals = [];

    /// <summary>Open types in the order in which they were bound, so that a signature that does not fit can be undone.</summary>
    private readonly List<CelType> _bound = [];

    private Checker(string source, CelEnvironment environment) => (_source, _environment) = (source, environment);

    /// <exception cref="CelException">A name is unknown or a type does not fit.</exception>
    public static CelType Check(string source, Expr expression, CelEnvironment environment) => new Checker(source, environment).Of(expression).Known();

    private CelType Of(Expr expression)
    {
        switch (expression)
        {
            case ConstExpr constant: return CelType.Of(constant.Value.Kind);
            case NameExpr or SelectExpr: return OfName(expression);
            case CallExpr call: return OfCall(call);
            case LogicExpr logic:
                foreach (var operand in logic.Operands) Need(CelType.Bool, operand);
                return CelType.Bool;
            case ConditionalExpr conditional:
                Need(CelType.Bool, conditional.Condition);
                CelType then = Of(conditional.Then), otherwise = Of(conditional.Otherwise);
                return Join(then, otherwise) ?? throw Wrong(conditional.Position, $"The branches are {then} and {otherwise}");
            case ListExpr list:
                var element = CelType.Open();
                foreach (var item in list.Items) element = Join(element, Of(item)) ?? CelType.Dyn;
                return CelType.List(element);
            case MapExpr map: return OfMap(map);
            case LoopExpr loop: return OfLoop(loop);
            default: throw new InvalidOperationException($"There is no type for {expression.GetType().Name}.");
        }
    }

    private CelType OfName(Expr expression)
    {
        if (Names.Of(expression) is var (whole, first) && (first.Absolute || Local(first.Name) is null))
        {
            if (_environment.TryFind(whole, out var variable)) return variable.Type;
            if (CelType.IsTypeName(whole)) return CelType.Type;
            if (expression is NameExpr) throw Unknown(expression.Position, whole);
        }
        else if (expression is NameExpr { Name: var name }) return Local(name)!;
        var select = (SelectExpr)expression;
        if (select.Test && Names.Of(select.Operand) is var (path, root) && Local(root.Name) is null && _environment.TryFind($"{path}.{select.Field}", out _)) return CelType.Bool;
        var operand = OfOperand(select).Known();
        switch (operand.Kind)
        {
            case TypeKind.Dyn or TypeKind.Open: return select.Test ? CelType.Bool : CelType.Dyn;
            case TypeKind.Map when Unify(operand.Key!, CelType.String): return select.Test ? CelType.Bool : operand.Element!;
            case TypeKind.Record:
                if (!operand.Fields.TryGetValue(select.Field, out var field)) throw Wrong(select.Position, $"'{operand.RecordName}' has no '{select.Field}'");
                return select.Test ? CelType.Bool : field;
            default: throw Wrong(select.Position, $"{operand} has no fields");
        }
    }

    /// <summary>The operand of a selection; when the whole path is unknown the message shows all of it.</summary>
    private CelType OfOperand(SelectExpr select)
    {
        if (Names.Of(select.Operand) is not var (whole, first) || Local(first.Name) is not null || Reaches(select.Operand)) return Of(select.Operand);
        throw Unknown(first.Position, $"{whole}.{select.Field}");
    }

    private bool Reaches(Expr expression)
    {
        for (var at = expression; ; at = ((SelectExpr)at).Operand)
        {
            var whole = Names.Of(at)!.Value.Whole;
            if (_environment.TryFind(whole, out _) || CelType.IsTypeName(whole)) return true;
            if (at is NameExpr) return false;
        }
    }

    private CelType OfMap(MapExpr map)
    {
        CelType key = CelType.Open(), value = CelType.Open();
        foreach (var entry in map.Entries)
        {
            var found = Of(entry.Key).Known();
            if (found.Kind is not (TypeKind.Dyn or TypeKind.Open or TypeKind.Int or TypeKind.Uint or TypeKind.Bool or TypeKind.String)) throw Wrong(entry.Key.Position, $"A key of a map cannot be {found}");
            key = Join(key, found) ?? CelType.Dyn;
            value = Join(value, Of(entry.Value)) ?? CelType.Dyn;
        }
        return CelType.Map(key, value);
    }

    private CelType OfLoop(LoopExpr loop)
    {
        var range = Of(loop.Range).Known();
        var item = range.Kind switch
        {
            TypeKind.List => range.Element!,
            TypeKind.Map => range.Key!,
            TypeKind.Dyn or TypeKind.Open => CelType.Dyn,
            _ => throw Wrong(loop.Position, $"A list or a map is needed, not {range}"),
        };
        _locals.Add((loop.Variable, item));
        if (loop.Predicate is not null) Need(CelType.Bool, loop.Predicate);
        var result = loop.Kind switch { LoopKind.Map => CelType.List(Of(loop.Transform!)), LoopKind.Filter => CelType.List(item), _ => CelType.Bool };
        _locals.RemoveAt(_locals.Count - 1);
        return result;
    }

    private CelType OfCall(CallExpr call)
    {
        Signature[] signatures;
        CelType[] arguments;
        if (call.Target is null && Functions.Operators.TryGetValue((call.Function, call.Arguments.Count), out var operators))
        {
            signatures = operators;
            arguments = [.. call.Arguments.Select(Of)];
        }
        else
        {
            var member = call.Target is not null;
            var arity = call.Arguments.Count + (member ? 1 : 0);
            if (!Functions.Standard.TryGetValue((call.Function, member, arity), out var function))
                throw Wrong(call.Position, $"There is no function '{call.Function}' for {arity} {(member ? "operands, the one before the dot included" : "arguments")}");
            signatures = function.Signatures;
            arguments = member ? [Of(call.Target!), .. call.Arguments.Select(Of)] : [.. call.Arguments.Select(Of)];
            if (call.Function == "matches" && call.Arguments[^1] is ConstExpr { Value: { Kind: ValueKind.String } pattern } && Patterns.Compile(pattern.Text, out var problem) is null)
                throw Wrong(call.Arguments[^1].Position, $"The pattern {problem}");
        }
        return Resolve(call, signatures, arguments);
    }

    private CelType Resolve(CallExpr call, Signature[] signatures, CelType[] arguments)
    {
        CelType? result = null;
        Signature? only = null;
        var fits = 0;
        foreach (var signature in signatures)
        {
            var mark = _bound.Count;
            if (Apply(signature, arguments) is { } found)
            {
                fits++;
                only = signature;
                var settled = Settled(found);
                result = result is null || SameKind(result, settled) ? settled : CelType.Dyn;
            }
            Undo(mark);
        }
        if (fits == 0) throw Wrong(call.Position, $"'{call.Function switch { "neg" => "-", var name => name }}' does not exist for {string.Join(", ", arguments.Select(static type => type.ToString()))}");
        return fits == 1 ? Apply(only!, arguments)!.Known() : result!;
    }

    private CelType? Apply(Signature signature, CelType[] arguments)
    {
        CelType a = CelType.Open(), b = CelType.Open();
        for (var i = 0; i < arguments.Length; i++)
            if (!Unify(Fresh(signature.Parameters[i], a, b), arguments[i])) return null;
        return Fresh(signature.Result, a, b);
    }

    private static CelType Fresh(CelType type, CelType a, CelType b) => type.Kind switch
    {
        TypeKind.Open => ReferenceEquals(type, Functions.A) ? a : b,
        TypeKind.List => CelType.List(Fresh(type.Element!, a, b)),
        TypeKind.Map => CelType.Map(Fresh(type.Key!, a, b), Fresh(type.Element!, a, b)),
        _ => type,
    };

    /// <summary>What an open type is bound to now, so that undoing the binding does not change it.</summary>
    private static CelType Settled(CelType type)
    {
        var known = type.Known();
        return known.Kind switch
        {
            TypeKind.Open => CelType.Dyn,
            TypeKind.List => CelType.List(Settled(known.Element!)),
            TypeKind.Map => CelType.Map(Settled(known.Key!), Settled(known.Element!)),
            _ => known,
        };
    }

    private static bool SameKind(CelType a, CelType b) => a.ToString() == b.ToString();

    private void Need(CelType type, Expr expression)
    {
        var found = Of(expression);
        if (!Unify(type, found)) throw Wrong(expression.Position, $"A {type} is needed here, not {found}");
    }

    /// <summary>The one type that both are; null when there is none.</summary>
    private CelType? Join(CelType a, CelType b)
    {
        var mark = _bound.Count;
        if (!Unify(a, b))
        {
            Undo(mark);
            return null;
        }
        CelType left = a.Known(), right = b.Known();
        return left.Kind == TypeKind.Dyn || right.Kind == TypeKind.Dyn ? CelType.Dyn : left.Kind == TypeKind.Null ? right : left;
    }

    private bool Unify(CelType one, CelType other)
    {
        CelType a = one.Known(), b = other.Known();
        if (ReferenceEquals(a, b) || a.Kind == TypeKind.Dyn || b.Kind == TypeKind.Dyn) return true;
        if (a.Kind == TypeKind.Open || b.Kind == TypeKind.Open)
        {
            var (open, type) = a.Kind == TypeKind.Open ? (a, b) : (b, a);
            if (Holds(type, open)) return false;
            open.Bound = type;
            _bound.Add(open);
            return true;
        }
        if (a.Kind == TypeKind.Nullable || b.Kind == TypeKind.Nullable)
        {
            var bare = a.Kind == TypeKind.Nullable ? a.Element! : a;
            var other2 = b.Kind == TypeKind.Nullable ? b.Element! : b;
            return bare.Kind == TypeKind.Null || other2.Kind == TypeKind.Null || Unify(bare, other2);
        }
        if (a.Kind != b.Kind) return false;
        return a.Kind switch
        {
            TypeKind.List => Unify(a.Element!, b.Element!),
            TypeKind.Map => Unify(a.Key!, b.Key!) && Unify(a.Element!, b.Element!),
            TypeKind.Record => a.RecordName == b.RecordName,
            _ => true,
        };
    }

    private static bool Holds(CelType type, CelType open)
    {
        var known = type.Known();
        return ReferenceEquals(known, open) || (known.Element is { } element && Holds(element, open)) || (known.Key is { } key && Holds(key, open));
    }

    private void Undo(int mark)
    {
        for (; _bound.Count > mark; _bound.RemoveAt(_bound.Count - 1)) _bound[^1].Bound = null;
    }

    private CelType? Local(string name)
    {
        for (var i = _locals.Count - 1; i >= 0; i--)
            if (_locals[i].Name == name) return _locals[i].Type;
        return null;
    }

    private CelException Unknown(int position, string name) => Wrong(position, $"'{name}' is not known");

    private CelException Wrong(int position, string problem) => CelException.At(_source, position, problem);
}
