namespace SomaStack.Agents.Tools;

/// <summary>A program to run behind the walls.</summary>
/// <param name="Program">An absolute path as the program sees it: below /usr or /workspace.</param>
internal sealed record SandboxCommand(string Program, IReadOnlyList<string> Arguments, SandboxLimits Limits)
{
    /// <summary>Bound at /workspace; null for an empty folder that is gone afterwards.</summary>
    public Workspace? Workspace { get; init; }

    public bool WorkspaceReadOnly { get; init; }

    /// <summary>All that its environment holds beside PATH, HOME, LANG and TMPDIR.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>Folders of the operator's that it sees, read-only and under the same names.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    /// <summary>Read-only files that lie over what is there, by path; two at most.</summary>
    public IReadOnlyList<(string Path, byte[] Content)> Files { get; init; } = [];
}

/// <summary>A program behind the walls that goes on running.</summary>
internal sealed record SandboxedServer(System.Diagnostics.Process Process, IReadOnlyList<IDisposable> Held);

/// <param name="MemoryBytes">Of each process, held by the kernel; and of all together, seen ten times a second.</param>
/// <param name="Processes">Threads count too.</param>
/// <param name="OutputBytes">Of standard output; standard error has the same up to 64 KiB.</param>
internal sealed record SandboxLimits(TimeSpan Wall, int CpuSeconds, long MemoryBytes, int Processes, int OutputBytes)
{
    public long FileBytes { get; init; } = 64L << 20;

    public int OpenFiles { get; init; } = 256;

    /// <summary>
    /// False for runtimes that reserve far more addresses than they use; then the kernel holds their private writable memory alone.
    /// </summary>
    public bool HoldsAddresses { get; init; } = true;

    public static SandboxLimits Of(Manifest manifest, TimeSpan? caller)
    {
        var limits = manifest.Limits;
        var wall = TimeSpan.FromSeconds(limits.TimeoutSeconds);
        return new SandboxLimits(caller < wall ? caller.Value : wall, limits.CpuSeconds, (long)limits.MemoryMegabytes << 20, limits.Processes, limits.OutputBytes);
    }
}

internal enum SandboxEnd
{
    Exited,
    TimedOut,

    /// <summary>It wrote more than eight times what it may, so it was stopped.</summary>
    Flooded,
    MemoryExceeded,
    WorkspaceFull,
}

/// <param name="ExitCode">128 and the signal when one ended it; meaningless unless <paramref name="End"/> is Exited.</param>
/// <param name="Truncated">Output beyond the limit was dropped.</param>
internal sealed record SandboxResult(SandboxEnd End, int ExitCode, byte[] Output, byte[] Error, bool Truncated, TimeSpan Took);
