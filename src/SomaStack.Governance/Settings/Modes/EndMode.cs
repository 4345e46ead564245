using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>Writes down that a debug mode is over. That it is over every replica knows by itself; of those who come to write it, one does.</summary>
internal sealed class EndMode(ServedMode mode, Db db, Journal journal, SomaOptions options, TimeProvider clock)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (mode.State is not { } current || !current.IsOver(now)) return;
        var next = new ModeState(current.At(now), null, null, current.Version + 1, $"{current.Mode.Name()} ended as set.", Principal.System.Id, now.ToMicros().ToInstant());
        var context = RequestContext.ForSystem(Db.AllTenants, next.Mode) with { Region = options.Region };
        await db.WriteAsync(Db.AllTenants, async work =>
        {
            if (!await ModeStore.TryWriteAsync(work, next)) return;
            await journal.AppendAsync(work, context, "deployment", next.Version, SettingsEvents.ModeChanged,
                new ModeChanged(current.Mode.Name(), next.Mode.Name(), null, null, next.Reason!, Principal.System.Id, "expired", null, next.Version), SettingsJson.Default.ModeChanged);
            work.OnCommit(() => mode.Keep(next));
        }, cancellationToken);
    }
}
