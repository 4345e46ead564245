namespace SomaStack.Intelligence.Inference;

/// <summary>Replacements in a JSON body that leave every other byte as it came.</summary>
internal readonly struct BodyEdits
{
    private readonly List<(int Start, int Length, byte[] Replacement)> _edits = [];

    public BodyEdits()
    {
    }

    /// <param name="length">Bytes that go; 0 inserts.</param>
    public void Replace(int start, int length, byte[] replacement) => _edits.Add((start, length, replacement));

    /// <returns>The same memory when there is nothing to replace.</returns>
    public ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> body)
    {
        if (_edits.Count == 0) return body;
        _edits.Sort(static (one, other) => one.Start.CompareTo(other.Start));
        var size = body.Length;
        foreach (var edit in _edits) size += edit.Replacement.Length - edit.Length;
        var edited = new byte[size];
        var output = edited.AsSpan();
        var from = 0;
        foreach (var (start, length, replacement) in _edits)
        {
            body.Span[from..start].CopyTo(output);
            output = output[(start - from)..];
            replacement.CopyTo(output);
            output = output[replacement.Length..];
            from = start + length;
        }
        body.Span[from..].CopyTo(output);
        return edited;
    }
}
