using System.Text;
using Microsoft.Win32.SafeHandles;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Files of an open workspace by their paths. Each path is resolved by the kernel below the workspace, with every link on its way refused.</summary>
internal sealed class WorkspaceFiles(Workspace workspace)
{
    private const int PathBytesMax = 1024;

    /// <summary>The parts of a path that a caller sent.</summary>
    /// <exception cref="Problem">403 <c>path_refused</c>.</exception>
    public static string[] Parts(string path, bool allowRoot = false)
    {
        var parts = path.Split('/', StringSplitOptions.None);
        if (allowRoot && path is "" or ".") return [];
        if (Encoding.UTF8.GetByteCount(path) > PathBytesMax) throw SandboxProblems.PathRefused.Because("The path is too long.");
        if (path.StartsWith('/')) throw SandboxProblems.PathRefused.Because("The path is absolute; name it from the workspace on.");
        foreach (var part in parts)
        {
            if (part is "" or "." or "..") throw SandboxProblems.PathRefused.Because("A path has no empty part, no '.' and no '..'.");
            if (Encoding.UTF8.GetByteCount(part) > 255 || part.Any(char.IsControl) || part.Contains('\\', StringComparison.Ordinal) || !IsText(part)) throw SandboxProblems.PathRefused.Because("A name has at most 255 bytes, no control character and no backslash.");
        }
        return parts;
    }

    public (byte[] Content, Stat Stat) Read(string path, long offset, int limit)
    {
        using var file = OpenFile(path);
        var stat = Linux.Look(file);
        var content = new byte[(int)Math.Clamp(stat.Size - offset, 0, limit)];
        var read = 0;
        while (read < content.Length && RandomAccess.Read(file, content.AsSpan(read), offset + read) is > 0 and var more) read += more;
        return (content[..read], stat);
    }

    public Stat Look(string path)
    {
        using var file = OpenFile(path);
        return Linux.Look(file);
    }

    /// <returns>The file's size afterwards.</returns>
    public long Write(string path, ReadOnlySpan<byte> content, bool append, bool replace)
    {
        var size = workspace.Measure();
        if (size.Bytes + content.Length > workspace.Quota.Bytes || size.TooDeep) throw SandboxProblems.WorkspaceFull.Because($"The workspace holds {size.Bytes} of {workspace.Quota.Bytes} bytes.");
        var parts = Parts(path);
        if (parts.Length > workspace.Quota.Depth) throw SandboxProblems.PathRefused.Because("The path is too deep.");
        if (size.Files + parts.Length > workspace.Quota.Files) throw SandboxProblems.WorkspaceFull.Because($"The workspace holds {size.Files} of {workspace.Quota.Files} files.");
        using var folder = OpenParent(parts, create: true);
        var flags = Linux.WriteOnly | Linux.NonBlocking | Linux.Create | (replace || append ? 0 : Linux.Exclusive);
        using var file = Try(path, () => Linux.Open(folder.Handle, Linux.Name(parts[^1]), flags, 0x1A4));
        var stat = Linux.Look(file);
        if (!stat.IsFile) throw SandboxProblems.PathRefused.Because($"'{path}' is no file.");
        if (Linux.IsRoot) Linux.Own(file, Bubblewrap.User);
        var from = append ? stat.Size : 0;
        if (!append) RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, content, from);
        return from + content.Length;
    }

    public void Move(string from, string to, bool replace)
    {
        var (source, target) = (Parts(from), Parts(to));
        if (target.Length > workspace.Quota.Depth) throw SandboxProblems.PathRefused.Because("The path is too deep.");
        using var sourceFolder = OpenParent(source, create: false);
        using var targetFolder = OpenParent(target, create: true);
        Try(from, () => Linux.Rename(sourceFolder.Handle, Linux.Name(source[^1]), targetFolder.Handle, Linux.Name(target[^1]), replace));
    }

    /// <summary>A file or a link itself; a folder with what is in it when <paramref name="recursive"/>.</summary>
    public void Delete(string path, bool recursive)
    {
        var parts = Parts(path);
        using var folder = OpenParent(parts, create: false);
        var name = Linux.Name(parts[^1]);
        var stat = Linux.Look(folder.Handle, name) ?? throw Unknown(path);
        if (!stat.IsFolder) Try(path, () => Linux.RemoveFile(folder.Handle, name));
        else if (recursive) RemoveTree.Remove(folder.Handle, name);
        else Try(path, () => Linux.RemoveEmptyFolder(folder.Handle, name));
    }

    /// <summary>Whom to dispose is the opened folder; the root stays open.</summary>
    public Opened OpenFolder(string path)
    {
        var parts = Parts(path, allowRoot: true);
        return parts.Length == 0 ? new Opened(workspace.Root, false) : new Opened(Try(path, () => Linux.Open(workspace.Root, Linux.Name(string.Join('/', parts)), Linux.Directory)), true);
    }

    /// <summary>Not blocked by a pipe that nobody writes to, and then only a plain file.</summary>
    public SafeFileHandle OpenFile(string path)
    {
        var parts = Parts(path);
        var file = Try(path, () => Linux.Open(workspace.Root, Linux.Name(string.Join('/', parts)), Linux.ReadOnly | Linux.NonBlocking));
        if (Linux.Look(file).IsFile) return file;
        file.Dispose();
        throw SandboxProblems.PathRefused.Because($"'{path}' is no file.");
    }

    private Opened OpenParent(string[] parts, bool create)
    {
        var folder = new Opened(workspace.Root, false);
        foreach (var part in parts[..^1])
        {
            var name = Linux.Name(part);
            using var above = folder;
            folder = new Opened(Try(part, () => Enter(above.Handle, name, create)), true);
        }
        return folder;
    }

    private static SafeFileHandle Enter(SafeFileHandle folder, byte[] name, bool create)
    {
        try
        {
            return Linux.Open(folder, name, Linux.Directory);
        }
        catch (LinuxException exception) when (create && exception.Error == Linux.NoSuchFile)
        {
            Linux.MakeFolder(folder, name);
            var made = Linux.Open(folder, name, Linux.Directory);
            if (Linux.IsRoot) Linux.Own(made, Bubblewrap.User);
            return made;
        }
    }

    private static bool IsText(string part) => part.EnumerateRunes().All(static rune => rune != Rune.ReplacementChar);

    private static void Try(string path, Action act) => Try(path, () =>
    {
        act();
        return true;
    });

    private static T Try<T>(string path, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (LinuxException exception)
        {
            throw exception.Error switch
            {
                Linux.NoSuchFile => Unknown(path),
                Linux.TooManyLinks => SandboxProblems.PathRefused.Because($"'{path}' leads over a link; links are not followed.", exception),
                Linux.CrossDevice => SandboxProblems.PathRefused.Because($"'{path}' leads out of the workspace.", exception),
                Linux.NotDirectory or Linux.IsDirectory or Linux.NoSuchDevice or Linux.NameTooLong or Linux.AccessDenied or Linux.NotPermitted or Linux.Invalid =>
                    SandboxProblems.PathRefused.Because($"'{path}' cannot be used so: {exception.Message}.", exception),
                Linux.FileExists or Linux.NotEmpty => SandboxProblems.FileConflict.Because($"'{path}': {exception.Message}.", exception),
                _ => exception,
            };
        }
    }

    private static Problem Unknown(string path) => SandboxProblems.FileUnknown.Because($"'{path}' is not there.");

    internal readonly record struct Opened(SafeFileHandle Handle, bool IsOwn) : IDisposable
    {
        public void Dispose()
        {
            if (IsOwn) Handle.Dispose();
        }
    }
}
