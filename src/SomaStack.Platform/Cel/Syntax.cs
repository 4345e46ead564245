namespace SomaStack.Platform.Cel;

/// <summary>The tree of an expression. <c>Position</c> is where it stands in the source, <c>Depth</c> how many levels are below it.</summary>
internal abstract class Expr(int position, int depth)
{
    public int Position { get; } = position;

    public int Depth { get; } = depth;
}

internal sealed class ConstExpr(int position, Value value) : Expr(position, 1)
{
    public Value Value { get; } = value;
}

/// <param name="absolute">Written with a leading dot: no loop's variable is meant.</param>
internal sealed class NameExpr(int position, string name, bool absolute) : Expr(position, 1)
{
    public string Name { get; } = name;

    public bool Absolute { get; } = absolute;
}

/// <param name="test">True for <c>has(operand.field)</c>.</param>
internal sealed class SelectExpr(int position, int depth, Expr operand, string field, bool test) : Expr(position, depth)
{
    public Expr Operand { get; } = operand;

    public string Field { get; } = field;

    public bool Test { get; } = test;
}

/// <param name="function">A name, or an operator as it is written; <c>-x</c> is <c>neg</c> and <c>a[b]</c> is <c>[]</c>.</param>
internal sealed class CallExpr(int position, int depth, string function, Expr? target, IReadOnlyList<Expr> arguments) : Expr(position, depth)
{
    public string Function { get; } = function;

    public Expr? Target { get; } = target;

    public IReadOnlyList<Expr> Arguments { get; } = arguments;
}

/// <summary><c>a &amp;&amp; b &amp;&amp; c</c> or <c>a || b || c</c>: one level, however many operands.</summary>
internal sealed class LogicExpr(int position, int depth, bool isAnd, IReadOnlyList<Expr> operands) : Expr(position, depth)
{
    public bool IsAnd { get; } = isAnd;

    public IReadOnlyList<Expr> Operands { get; } = operands;
}

internal sealed class ConditionalExpr(int position, int depth, Expr condition, Expr then, Expr otherwise) : Expr(position, depth)
{
    public Expr Condition { get; } = condition;

    public Expr Then { get; } = then;

    public Expr Otherwise { get; } = otherwise;
}

internal sealed class ListExpr(int position, int depth, IReadOnlyList<Expr> items) : Expr(position, depth)
{
    public IReadOnlyList<Expr> Items { get; } = items;
}

internal sealed class MapExpr(int position, int depth, IReadOnlyList<(Expr Key, Expr Value)> entries) : Expr(position, depth)
{
    public IReadOnlyList<(Expr Key, Expr Value)> Entries { get; } = entries;
}

internal enum LoopKind
{
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

/// <summary>A macro over a list or the keys of a map.</summary>
/// <param name="predicate">Null for <c>map</c> with two arguments.</param>
/// <param name="transform">Of <c>map</c> alone.</param>
internal sealed class LoopExpr(int position, int depth, LoopKind kind, Expr range, string variable, Expr? predicate, Expr? transform) : Expr(position, depth)
{
    public LoopKind Kind { get; } = kind;

    public Expr Range { get; } = range;

    public string Variable { get; } = variable;

    public Expr? Predicate { get; } = predicate;

    public Expr? Transform { get; } = transform;
}
