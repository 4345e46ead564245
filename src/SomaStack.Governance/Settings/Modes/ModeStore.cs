using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>All SQL on the mode: one row, of the installation.</summary>
internal sealed class ModeStore(Db db)
{
    /// <summary>Null before the first start.</summary>
    /// <exception cref="InvalidOperationException">The row names a mode that this program does not know.</exception>
    public Task<ModeState?> FindAsync(CancellationToken cancellationToken) => db.FindAsync(
        Db.AllTenants,
        static reader => new ModeState(
            Parse(reader.GetString(0)), reader.MaybeInstant(1), reader.Text(2) is { } fallback ? Parse(fallback) : null, reader.GetInt64(3), reader.Text(4), reader.Text(5),
            reader.Instant(6)),
        $"SELECT mode, expires_at, fallback, version, reason, changed_by, updated_at FROM deployments WHERE tenant = {Db.AllTenants}",
        cancellationToken);

    public Task AddAsync(DeploymentMode mode, long now, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        INSERT INTO deployments (tenant, mode, version, updated_at) VALUES ({Db.AllTenants}, {mode.Name()}, 1, {now}) ON CONFLICT DO NOTHING
        """), cancellationToken);

    /// <returns>False when somebody else was first.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, ModeState next) => await work.ExecuteAsync($"""
        UPDATE deployments SET mode = {next.Mode.Name()}, expires_at = {next.ExpiresAt?.ToMicros()}, fallback = {next.Fallback?.Name()}, version = {next.Version},
            reason = {next.Reason}, changed_by = {next.ChangedBy}, updated_at = {next.ChangedAt.ToMicros()}
        WHERE tenant = {Db.AllTenants} AND version = {next.Version - 1}
        """) == 1;

    private static DeploymentMode Parse(string name) =>
        DeploymentModes.Parse(name) ?? throw new InvalidOperationException($"The database names an unknown deployment mode '{name}'.");
}
