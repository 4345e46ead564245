using System.Runtime.CompilerServices;

namespace SomaStack.Platform;

/// <summary>
/// Reads another stream until its cap of bytes or its deadline, whichever comes first. Whoever reads a stream gives the same token each
/// time, so the two are linked once and not at every read.
/// </summary>
internal sealed class CappedStream(Stream inner, long limit, CancellationToken deadline) : Stream
{
    private long _read;
    private CancellationTokenSource? _either;
    private CancellationToken _reader;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _read; set => throw new NotSupportedException(); }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Count(await inner.ReadAsync(buffer, Either(cancellationToken)));
        }
        catch (OperationCanceledException exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw PlatformProblems.Timeout.Because("An outside server did not finish its answer in time.", exception);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count)
    {
        deadline.ThrowIfCancellationRequested();
        return Count(inner.Read(buffer, offset, count));
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            _either?.Dispose();
        }
        base.Dispose(disposing);
    }

    private CancellationToken Either(CancellationToken reader)
    {
        if (!reader.CanBeCanceled || reader == deadline) return deadline;
        if (_either is null || reader != _reader)
        {
            _either?.Dispose();
            _either = CancellationTokenSource.CreateLinkedTokenSource(deadline, reader);
            _reader = reader;
        }
        return _either.Token;
    }

    private int Count(int read)
    {
        _read += read;
        return _read <= limit ? read : throw PlatformProblems.AnswerTooLarge.Because($"An outside server's answer has more than {limit} bytes.");
    }
}
