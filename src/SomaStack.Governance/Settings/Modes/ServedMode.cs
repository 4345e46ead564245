using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>The mode on the path of every request: from memory, followed every second.</summary>
internal sealed class ServedMode(ModeStore store, TimeProvider clock)
{
    private volatile ModeState? _state;

    /// <summary>Developer-light until the database was read.</summary>
    public DeploymentMode Now => _state?.At(clock.GetUtcNow()) ?? DeploymentMode.DeveloperLight;

    public ModeState State => _state ?? throw new InvalidOperationException("The deployment mode was not read yet.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await store.FindAsync(cancellationToken) is null) await store.AddAsync(DeploymentMode.DeveloperLight, clock.NowMicros(), cancellationToken);
        await FollowAsync(cancellationToken);
    }

    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (await store.FindAsync(cancellationToken) is { } found) Keep(found);
    }

    /// <summary>An older state never replaces a newer one.</summary>
    public void Keep(ModeState state)
    {
        while (_state is var known && (known is null || state.Version > known.Version))
            if (Interlocked.CompareExchange(ref _state, state, known) == known) return;
    }
}
