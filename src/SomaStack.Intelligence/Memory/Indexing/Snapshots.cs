using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The shelf files under <c>DATA/indexes</c>. They only save time: whatever is odd about one is logged and the shelf is filled from the rows.
/// Names are digests, and only the owner reads them. Erasing a memory removes the file of its namespace, also one that is being written.
/// </summary>
internal sealed partial class Snapshots(SomaOptions options, ILogger<Snapshots> log)
{
    private const string Extension = ".shelf";
    private const string Partial = ".partial";

    /// <summary>An array holds no more; a larger shelf is filled from the rows.</summary>
    private const long LargestFile = 2_000_000_000;

    private readonly string _root = Path.Combine(options.DataDirectory, "indexes");
    private readonly Lock _gate = new();
    /// <summary>The files being written, and whether a memory of theirs was erased meanwhile.</summary>
    private readonly Dictionary<string, bool> _writing = new(StringComparer.Ordinal);

    /// <summary>Begins a snapshot: call before the entries are taken, so that an erasure from here on is not missed.</summary>
    public void Begin(string tenant, string @namespace)
    {
        lock (_gate) _writing[PathOf(tenant, @namespace)] = false;
    }

    /// <summary>Writes the file whole or not at all.</summary>
    /// <returns>False when a memory was erased since <see cref="Begin"/>: then there is no file.</returns>
    public bool Write(ShelfHeader header, IReadOnlyList<Entry> entries)
    {
        var path = PathOf(header.Tenant, header.Namespace);
        CreateFolder(_root);
        CreateFolder(Path.GetDirectoryName(path)!);
        var partial = path + Partial;
        var how = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 1 << 20 };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(partial, how)) ShelfFileWriter.Write(stream, header, entries);
        lock (_gate)
        {
            if (!_writing.Remove(path, out var erased) || !erased)
            {
                File.Move(partial, path, overwrite: true);
                return true;
            }
        }
        File.Delete(partial);
        return false;
    }

    /// <summary>Null when there is no file that can be used.</summary>
    public (ShelfHeader Header, Change[] Entries)? Read(string tenant, string @namespace, string model)
    {
        var path = PathOf(tenant, @namespace);
        try
        {
            if (!File.Exists(path)) return null;
            var reader = ShelfFileReader.Open(All(path));
            var header = reader.Header;
            if (header != new ShelfHeader(tenant, @namespace, model, ShelfFile.Analysis, header.Horizon)) throw new InvalidDataException("It is of another tenant, namespace, model or analysis.");
            return (header, reader.Entries());
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException or AggregateException or ArgumentException or IndexOutOfRangeException)
        {
            Unusable(exception.Message);
            return null;
        }
    }

    /// <summary>Removes the file: it holds the terms and the vector of a memory that is no more.</summary>
    public void Erase(string tenant, string @namespace)
    {
        var path = PathOf(tenant, @namespace);
        lock (_gate)
        {
            if (_writing.ContainsKey(path)) _writing[path] = true;
            try
            {
                if (File.Exists(path)) File.Delete(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The commit has happened; the next start tries again.
                NotRemoved(exception);
            }
        }
    }

    /// <summary>When the file was written, or null without one.</summary>
    public DateTimeOffset? WrittenAt(string tenant, string @namespace) =>
        new FileInfo(PathOf(tenant, @namespace)) is { Exists: true } file ? file.LastWriteTimeUtc : null;

    /// <summary>The headers of all files; removes what a crash left half written and what cannot be read.</summary>
    public IReadOnlyList<ShelfHeader> Sweep()
    {
        if (!Directory.Exists(_root)) return [];
        foreach (var partial in Directory.EnumerateFiles(_root, "*" + Partial, SearchOption.AllDirectories)) File.Delete(partial);
        var headers = new List<ShelfHeader>();
        foreach (var path in Directory.EnumerateFiles(_root, "*" + Extension, SearchOption.AllDirectories))
            if (Head(path) is { } header) headers.Add(header);
            else File.Delete(path);
        return headers;
    }

    private ShelfHeader? Head(string path)
    {
        // Names are limited (see MemoryLimits), so a header is short.
        Span<byte> head = stackalloc byte[8192];
        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new ByteReader(head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
            return ShelfFileHeader.Read(ref bytes) is { } header && PathOf(header.Tenant, header.Namespace) == path ? header : null;
        }
        catch (InvalidDataException exception)
        {
            Unusable(exception.Message);
            return null;
        }
    }

    private static byte[] All(string path)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        if (length > LargestFile) throw new InvalidDataException("It is too large.");
        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        for (var done = 0; done < bytes.Length;)
        {
            var read = RandomAccess.Read(file, bytes.AsSpan(done), done);
            if (read == 0) throw new InvalidDataException("It ends too early.");
            done += read;
        }
        return bytes;
    }

    private string PathOf(string tenant, string @namespace) => Path.Combine(_root, Name(tenant), Name(@namespace) + Extension);

    private static string Name(string text) => TextDigest.Of(text)[..32];

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [LoggerMessage(LogLevel.Error, "An index file that holds an erased memory could not be removed. Remove the folder 'indexes' of the data folder; it is made again.")]
    private partial void NotRemoved(Exception exception);

    [LoggerMessage(LogLevel.Warning, "An index file is not used, the index is filled from the rows: {Reason}")]
    private partial void Unusable(string reason);
}
