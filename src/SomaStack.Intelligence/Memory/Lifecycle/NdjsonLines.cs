using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SomaStack.Intelligence.Memory;

/// <summary>Reads lines of UTF-8 from a stream, each at most so long; a longer one is told of and passed over, whatever its length.</summary>
internal static class NdjsonLines
{
    /// <summary>A text of full length with every character escaped, its metadata and the rest.</summary>
    public const int LineMax = 512 << 10;

    /// <returns>Each line with its number from 1; null bytes for one that is too long. Empty lines are left out.</returns>
    public static async IAsyncEnumerable<(int Number, byte[]? Bytes)> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 << 10, leaveOpen: true));
        var (number, skipping) = (0, false);
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                number++;
                if (skipping || line.Length > LineMax) yield return (number, null);
                else if (Trimmed(line) is { Length: > 0 } bytes) yield return (number, bytes);
                skipping = false;
            }
            if (buffer.Length > LineMax)
            {
                // The rest of this line is read and dropped piece by piece.
                skipping = true;
                buffer = buffer.Slice(buffer.End);
            }
            if (read.IsCompleted)
            {
                if (skipping) yield return (number + 1, null);
                else if (Trimmed(buffer) is { Length: > 0 } last) yield return (number + 1, last);
                await reader.CompleteAsync();
                yield break;
            }
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static byte[] Trimmed(in ReadOnlySequence<byte> line)
    {
        var bytes = line.ToArray();
        return bytes.AsSpan().Trim((ReadOnlySpan<byte>)[(byte)' ', (byte)'\r', (byte)'\t']).ToArray();
    }
}
