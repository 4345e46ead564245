using System.Diagnostics;

namespace SomaStack.Platform;

/// <summary>Secrets at rest: written whole, once, readable by their owner alone.</summary>
public static class KeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Creates the file with mode 0600; leaves an existing one alone. A crash leaves the whole file or none.</summary>
    /// <returns>False when somebody else was first.</returns>
    public static bool WriteOnce(string path, ReadOnlySpan<byte> content)
    {
        var partial = $"{path}.{Ids.New()}.partial";
        var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = OwnerOnly;
        using (var stream = new FileStream(partial, how))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        using (Lock(path + ".lock"))
        {
            // A move without overwrite looks and then renames; only the lock makes the two one step.
            if (!File.Exists(path))
            {
                File.Move(partial, path);
                return true;
            }
        }
        File.Delete(partial);
        return false;
    }

    /// <summary>True when somebody beside its owner may read or write the file. Windows has no modes; the folder's access list counts there.</summary>
    public static bool IsOpenToOthers(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0;

    /// <summary>Waits for its turn: whoever starts together holds this for a rename.</summary>
    private static FileStream Lock(string path)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited.Elapsed < TimeSpan.FromSeconds(10))
            {
                Thread.Yield();
            }
        }
    }
}
