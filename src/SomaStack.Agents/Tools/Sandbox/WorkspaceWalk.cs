using System.Text;
using Microsoft.Win32.SafeHandles;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Path">Below the workspace; what is no UTF-8 in it shows as replacement characters.</param>
internal readonly record struct WalkedFile(string Path, Stat Stat);

/// <summary>Walks below an open folder. What is a link is seen as a link; depth and count are bounded, since what lies there may be hostile.</summary>
internal static class WorkspaceWalk
{
    public static WorkspaceSize Measure(SafeFileHandle root, WorkspaceQuota quota)
    {
        long bytes = 0;
        var files = 0;
        var deep = false;
        foreach (var (_, stat) in Files(root, quota.Files + 1, quota.Depth, () => deep = true))
        {
            bytes += stat.Bytes;
            if (++files > quota.Files || bytes > quota.Bytes) break;
        }
        return new WorkspaceSize(bytes, files, deep);
    }

    /// <summary>Everything but the root itself, folders before what is in them.</summary>
    public static IEnumerable<WalkedFile> Files(SafeFileHandle root, int limit, int depth, Action? tooDeep = null)
    {
        var open = new Stack<(SafeFileHandle Folder, Queue<byte[]> Names, string Prefix)>();
        open.Push((root, Sorted(root, limit), ""));
        try
        {
            while (open.TryPeek(out var at))
            {
                if (!at.Names.TryDequeue(out var name))
                {
                    open.Pop();
                    if (at.Folder != root) at.Folder.Dispose();
                    continue;
                }
                if (Linux.Look(at.Folder, name) is not { } stat) continue;
                var path = at.Prefix + Encoding.UTF8.GetString(name, 0, name.Length - 1);
                yield return new WalkedFile(path, stat);
                if (!stat.IsFolder) continue;
                if (open.Count >= depth) tooDeep?.Invoke();
                else if (TryEnter(at.Folder, name) is { } inner) open.Push((inner, Sorted(inner, limit), path + "/"));
            }
        }
        finally
        {
            foreach (var (folder, _, _) in open)
                if (folder != root) folder.Dispose();
        }
    }

    private static Queue<byte[]> Sorted(SafeFileHandle folder, int limit)
    {
        var names = Linux.Names(folder, limit);
        names.Sort(static (one, other) => one.AsSpan().SequenceCompareTo(other));
        return new Queue<byte[]>(names);
    }

    /// <summary>Null when it is gone meanwhile, is a link now, or may not be read.</summary>
    private static SafeFileHandle? TryEnter(SafeFileHandle folder, byte[] name)
    {
        try
        {
            return Linux.Open(folder, name, Linux.Directory);
        }
        catch (LinuxException exception) when (exception.Error is Linux.NoSuchFile or Linux.TooManyLinks or Linux.NotDirectory or Linux.AccessDenied)
        {
            return null;
        }
    }
}

/// <summary>Removes a folder with everything in it, whatever its names, modes and depth, and follows no link.</summary>
internal static class RemoveTree
{
    private const int Batch = 1000;
    private const int DepthMax = 40;

    public static void Remove(SafeFileHandle parent, byte[] name)
    {
        using (var top = Enter(parent, name))
            while (Linux.Names(top, Batch) is { Count: > 0 } names)
                foreach (var entry in names) Entry(top, top, entry, 1);
        Linux.RemoveEmptyFolder(parent, name);
    }

    private static void Entry(SafeFileHandle top, SafeFileHandle folder, byte[] name, int depth)
    {
        if (Linux.Look(folder, name) is not { } stat) return;
        if (!stat.IsFolder)
        {
            Linux.RemoveFile(folder, name);
            return;
        }
        if (depth >= DepthMax)
        {
            if (!Linux.IsRoot) Linux.AllowOwner(folder, name);
            // Folders may lie deeper in each other than a stack goes: what is deeper is moved up, and its turn comes.
            Linux.Rename(folder, name, top, Linux.Name(Ids.New()), replace: false);
            return;
        }
        using (var inner = Enter(folder, name))
            while (Linux.Names(inner, Batch) is { Count: > 0 } names)
                foreach (var entry in names) Entry(top, inner, entry, depth + 1);
        Linux.RemoveEmptyFolder(folder, name);
    }

    private static SafeFileHandle Enter(SafeFileHandle folder, byte[] name)
    {
        // A program may have taken the rights of its own folder away.
        if (!Linux.IsRoot) Linux.AllowOwner(folder, name);
        return Linux.Open(folder, name, Linux.Directory);
    }
}
