namespace SomaStack.Cli;

/// <summary>
/// What failed, picked out of what xUnit (indented below a line that ends in <c>[FAIL]</c>) and node (below <c>failing tests:</c>) print, so that it can be
/// said again at the end: a log of forty minutes, or the tail of it that a server keeps, is no place to look for one test.
/// </summary>
internal sealed class FailedTests
{
    private const int MostLinesEach = 30, MostLines = 400;

    private readonly List<string> lines = [];
    private string? indent;
    private int left;

    public IReadOnlyList<string> Lines => lines.Count == 0 ? [] : ["", "What failed:", .. lines];

    public void Read(string line)
    {
        var xunit = line.StartsWith("    ", StringComparison.Ordinal) && line.EndsWith(" [FAIL]", StringComparison.Ordinal);
        if (xunit || line == "✖ failing tests:")
        {
            (indent, left) = xunit ? ("      ", MostLinesEach) : ("", MostLines);
            if (!xunit) return;
        }
        else if (line.StartsWith("=== ", StringComparison.Ordinal) || line.StartsWith("browser: ", StringComparison.Ordinal))
        {
            indent = null;
        }
        // Between the lines of a failure come those of servers that other tests run at the same time; they are not indented.
        if (!xunit && (indent is null || !line.StartsWith(indent, StringComparison.Ordinal))) return;
        if (left-- > 0 && lines.Count < MostLines) lines.Add(line);
    }
}
