using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

internal sealed record WaitingCall(string Key, string Approval);

/// <summary>
/// Calls that wait for a second person, by what they are. A model that reads "ask again" asks with the same tool and arguments and knows no key:
/// it finds the call that is there, and no second approval is asked for.
/// </summary>
internal sealed class WaitingCallStore(Db db, TimeProvider clock)
{
    public Task<WaitingCall?> FindAsync(RequestContext context, string digest, CancellationToken cancellationToken) => db.FindAsync(
        context.Tenant, static reader => new WaitingCall(reader.GetString(0), reader.GetString(1)),
        $"SELECT call_key, approval FROM mcp_waiting_calls WHERE tenant = {context.Tenant} AND principal = {context.Principal.Id} AND digest = {digest} AND expires_at > {clock.NowMicros()}", cancellationToken);

    public Task KeepAsync(RequestContext context, string digest, WaitingCall call, DateTimeOffset expiresAt, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        await work.ExecuteAsync($"DELETE FROM mcp_waiting_calls WHERE tenant = {context.Tenant} AND (expires_at <= {clock.NowMicros()} OR (principal = {context.Principal.Id} AND digest = {digest}))");
        await work.ExecuteAsync($"""
            INSERT INTO mcp_waiting_calls (tenant, principal, digest, call_key, approval, expires_at)
            VALUES ({context.Tenant}, {context.Principal.Id}, {digest}, {call.Key}, {call.Approval}, {expiresAt.ToMicros()})
            """);
    }, cancellationToken);

    public Task ForgetAsync(RequestContext context, string digest, CancellationToken cancellationToken) => db.WriteAsync(
        context.Tenant, work => work.ExecuteAsync($"DELETE FROM mcp_waiting_calls WHERE tenant = {context.Tenant} AND principal = {context.Principal.Id} AND digest = {digest}"), cancellationToken);
}
