using System.Globalization;

namespace SomaStack.Agents.Workflows;

internal enum PathKind
{
    Unknown,
    Step,
    Undo,
    Review,
    Deadline,
}

/// <summary>Names one unit of a run: <c>Collect</c>, <c>Publish[3]</c>, <c>undo:Publish[3]</c>, <c>run:review</c>, <c>run:deadline</c>.</summary>
/// <param name="Item">-1 for the step itself.</param>
internal readonly record struct RunPath(PathKind Kind, int Step, int Item)
{
    public const string Review = "run:review";
    public const string Deadline = "run:deadline";
    public const string UndoPrefix = "undo:";

    public static RunPath Parse(string path, RunGraph graph)
    {
        switch (path)
        {
            case Review: return new RunPath(PathKind.Review, -1, -1);
            case Deadline: return new RunPath(PathKind.Deadline, -1, -1);
        }
        var kind = PathKind.Step;
        var name = path.AsSpan();
        if (name.StartsWith(UndoPrefix, StringComparison.Ordinal))
        {
            kind = PathKind.Undo;
            name = name[UndoPrefix.Length..];
        }
        var item = -1;
        if (name.Length > 2 && name[^1] == ']' && name.LastIndexOf('[') is > 0 and var bracket)
        {
            if (!int.TryParse(name[(bracket + 1)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out item)) return default;
            name = name[..bracket];
        }
        return graph.TryFind(name, out var step) ? new RunPath(kind, step, item) : default;
    }

    public static string OfItem(string step, int item) => string.Create(CultureInfo.InvariantCulture, $"{step}[{item}]");

    /// <summary>What makes an effect happen once; no other attempt of any run has it.</summary>
    public static string Key(string run, string path, int attempt) => string.Create(CultureInfo.InvariantCulture, $"run/{run}/{path}/{attempt}");
}
