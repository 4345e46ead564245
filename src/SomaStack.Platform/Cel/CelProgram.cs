namespace SomaStack.Platform.Cel;

/// <summary>An expression that can be evaluated, by any number of threads at once with a <see cref="Frame"/> each.</summary>
public sealed class CelProgram
{
    private readonly Node _root;
    private readonly int _size;

    internal CelProgram(Node root, CelType type, int slots, int size, IReadOnlySet<string> variables)
    {
        (_root, _size) = (root, size);
        (Type, Slots, Variables) = (type, slots, variables);
    }

    /// <summary>Dyn when it was not checked.</summary>
    public CelType Type { get; }

    /// <summary>How many slots a frame must have.</summary>
    public int Slots { get; }

    /// <summary>The variables that it names.</summary>
    public IReadOnlySet<string> Variables { get; }

    /// <param name="check">False leaves mistakes in types and names to run time, where they are errors.</param>
    /// <exception cref="CelException">It is not CEL, or does not pass the checker.</exception>
    public static CelProgram Compile(string source, CelEnvironment environment, bool check = true)
    {
        var expression = Parser.Parse(source);
        var type = check ? Checker.Check(source, expression, environment) : CelType.Dyn;
        return Compiler.Compile(expression, environment, type);
    }

    /// <exception cref="CelCostException">It takes more steps than the frame has left.</exception>
    public Value Evaluate(Frame frame)
    {
        frame.Charge(_size);
        return _root.Eval(frame);
    }

    /// <exception cref="CelCostException">It takes more steps than the frame has left.</exception>
    public Truth Test(Frame frame)
    {
        frame.Charge(_size);
        return _root.Test(frame);
    }
}
