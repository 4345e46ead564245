using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>What a workspace may hold.</summary>
internal sealed record WorkspaceQuota(long Bytes, int Files, int Depth = 48)
{
    public static WorkspaceQuota Of(SomaOptions options) => new((long)options.WorkspaceMegabytes << 20, options.WorkspaceFiles);
}

/// <param name="TooDeep">Folders lie in each other deeper than may be; counting stopped there.</param>
internal readonly record struct WorkspaceSize(long Bytes, int Files, bool TooDeep)
{
    public bool Exceeds(WorkspaceQuota quota) => Bytes > quota.Bytes || Files > quota.Files || TooDeep;
}

/// <summary>
/// The file workspaces of runs and sessions: <c>DATA/workspaces/TENANT/ID/files</c>. One call at a time uses one, so that what is checked
/// is what is used. A workspace lives on the disk of the server that made it.
/// </summary>
internal sealed partial class Workspaces(SomaOptions options, TimeProvider clock)
{
    private const string Stamp = "used";

    private readonly ConcurrentDictionary<(string Tenant, string Id), Held> _held = new();

    public WorkspaceQuota Quota { get; } = WorkspaceQuota.Of(options);

    public string Root { get; } = Path.Combine(Path.GetFullPath(options.DataDirectory), "workspaces");

    /// <summary>The call's workspace, made when it is not there, for this caller alone until it is disposed.</summary>
    /// <exception cref="Problem">422 <c>workspace_missing</c> without a name.</exception>
    public async Task<Workspace> OpenAsync(string tenant, string? id, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id)) throw SandboxProblems.WorkspaceMissing.Because("The call names no workspace.");
        var turn = await TakeAsync((tenant, id), cancellationToken);
        try
        {
            var folder = Path.Combine(Root, Segment(tenant), Segment(id));
            var files = Path.Combine(folder, "files");
            if (!OperatingSystem.IsWindows()) Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Directory.CreateDirectory(files);
            var handle = Linux.OpenFolder(files);
            if (Linux.IsRoot) Linux.Own(handle, Bubblewrap.User);
            await File.WriteAllTextAsync(Path.Combine(folder, Stamp), clock.NowMicros().ToString(System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
            return new Workspace(files, handle, Quota, turn);
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    /// <summary>One that nobody has a name for and that is gone afterwards.</summary>
    public async Task<Workspace> OpenTemporaryAsync(string tenant, CancellationToken cancellationToken)
    {
        var id = "tmp-" + Ids.New(clock);
        var workspace = await OpenAsync(tenant, id, cancellationToken);
        workspace.AtEnd = () => Remove(Path.Combine(Root, Segment(tenant)), Segment(id));
        return workspace;
    }

    public async Task DeleteAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        using var turn = await TakeAsync((tenant, id), cancellationToken);
        Remove(Path.Combine(Root, Segment(tenant)), Segment(id));
    }

    public async Task<WorkspaceSize> SizeAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        using var workspace = await OpenAsync(tenant, id, cancellationToken);
        return workspace.Measure();
    }

    /// <summary>Removes workspaces that nothing used since then, but for those in use now.</summary>
    /// <returns>How many were removed.</returns>
    public int Sweep(DateTimeOffset before, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(Root)) return 0;
        var removed = 0;
        foreach (var tenant in Directory.EnumerateDirectories(Root))
            foreach (var workspace in Directory.EnumerateDirectories(tenant))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (LastUse(workspace) >= before.ToMicros() || !TryTake(Path.GetFileName(tenant), Path.GetFileName(workspace), out var turn)) continue;
                using (turn)
                {
                    if (LastUse(workspace) >= before.ToMicros()) continue;
                    Remove(tenant, Path.GetFileName(workspace));
                    removed++;
                }
            }
        return removed;
    }

    /// <summary>A name as one part of a path, different for different names.</summary>
    internal static string Segment(string name) => PlainName().IsMatch(name) ? name : "x-" + TextDigest.Of(name);

    private static long LastUse(string workspace)
    {
        var stamp = Path.Combine(workspace, Stamp);
        // Without a stamp it was made a moment ago or is the rest of a removal: its folder's own time tells.
        return File.Exists(stamp) && long.TryParse(File.ReadAllText(stamp), out var micros) ? micros : new DateTimeOffset(Directory.GetLastWriteTimeUtc(workspace)).ToMicros();
    }

    private static void Remove(string parent, string name)
    {
        if (!Directory.Exists(Path.Combine(parent, name))) return;
        using var folder = Linux.OpenFolder(parent);
        RemoveTree.Remove(folder, Linux.Name(name));
    }

    private async Task<Turn> TakeAsync((string Tenant, string Id) key, CancellationToken cancellationToken)
    {
        key = (Segment(key.Tenant), Segment(key.Id));
        Held held;
        lock (_held)
        {
            held = _held.GetOrAdd(key, static _ => new Held());
            held.Users++;
        }
        try
        {
            await held.Gate.WaitAsync(cancellationToken);
        }
        catch
        {
            Forget(key, held);
            throw;
        }
        return new Turn(() => Release(key, held));
    }

    private bool TryTake(string tenant, string id, out Turn? turn)
    {
        lock (_held)
        {
            turn = null;
            if (_held.ContainsKey((tenant, id))) return false;
            var held = new Held { Users = 1 };
            held.Gate.Wait(0);
            _held[(tenant, id)] = held;
            turn = new Turn(() => Release((tenant, id), held));
            return true;
        }
    }

    private void Release((string, string) key, Held held)
    {
        held.Gate.Release();
        Forget(key, held);
    }

    private void Forget((string, string) key, Held held)
    {
        lock (_held)
            if (--held.Users == 0) _held.TryRemove(key, out _);
    }

    private sealed class Held
    {
        public int Users;

        public SemaphoreSlim Gate { get; } = new(1, 1);
    }

    internal sealed class Turn(Action release) : IDisposable
    {
        private Action? _release = release;

        public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
    }

    [GeneratedRegex("^(?!x-)[a-z0-9][a-z0-9_-]{0,99}$")]
    private static partial Regex PlainName();
}

/// <summary>An open workspace, held by one call.</summary>
internal sealed class Workspace(string path, SafeFileHandle root, WorkspaceQuota quota, IDisposable turn) : IDisposable
{
    /// <summary>For the walls alone, which bind it; files are opened below <see cref="Root"/>.</summary>
    public string Path { get; } = path;

    public SafeFileHandle Root { get; } = root;

    public WorkspaceQuota Quota { get; } = quota;

    internal Action? AtEnd { get; set; }

    /// <summary>Counts until it is clear that the quota is exceeded.</summary>
    public WorkspaceSize Measure() => WorkspaceWalk.Measure(Root, Quota);

    public void Dispose()
    {
        Root.Dispose();
        AtEnd?.Invoke();
        turn.Dispose();
    }
}
