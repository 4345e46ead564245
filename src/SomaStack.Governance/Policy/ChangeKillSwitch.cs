using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Scope">platform stops every tenant and needs <c>platform:admin</c> besides.</param>
/// <param name="Target">Which persona, capsule or tool; absent for a tenant and the platform.</param>
internal sealed record KillSwitchRequest(bool Engaged, KillScope Scope, string Reason, string? Target = null);

/// <param name="Reason">Null, as the rest, when the switch was never used.</param>
internal sealed record KillSwitchAnswer(KillScope Scope, string? Target, bool Engaged, string? Reason, string? ChangedBy, DateTimeOffset? ChangedAt, long Version);

/// <param name="Engaged">True when the caller's tenant may not act now.</param>
/// <param name="Parts">Its personas, capsules and tools that are stopped now.</param>
internal sealed record KillSwitchesAnswer(bool Engaged, KillSwitchAnswer Platform, KillSwitchAnswer Tenant, IReadOnlyList<KillSwitchAnswer> Parts);

/// <summary>Stops at once and with one key; releases with two, in the open.</summary>
internal sealed partial class ChangeKillSwitch(Db db, Journal journal, KillSwitch killSwitch, IApprovals approvals, TimeProvider clock, ILogger<ChangeKillSwitch> logger)
{
    public const string Release = "killswitch.release";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/killswitch", static (RequestContext context, KillSwitchRequest request, ChangeKillSwitch change, CancellationToken cancellationToken) =>
            change.RunAsync(context, request, cancellationToken)).Requires(Capability.KillSwitchEngage).OpenWhenStopped();
        routes.MapGet("/v1/killswitch", static (RequestContext context, ChangeKillSwitch change) => change.Read(context)).ForAnyPrincipal();
    }

    internal async Task<Results<Ok<KillSwitchAnswer>, Accepted<ApprovalWanted>>> RunAsync(RequestContext context, KillSwitchRequest request, CancellationToken cancellationToken)
    {
        var whole = request.Scope is KillScope.Platform or KillScope.Tenant;
        Check.That(!string.IsNullOrWhiteSpace(request.Reason) && request.Reason.Length <= 500, "reason", "must have 1 to 500 characters")
            .And(whole ? request.Target is null : request.Target is { Length: >= 1 and <= 200 } target && !target.Any(char.IsControl), "target",
                whole ? "is for a persona, capsule or tool" : "must name it in 1 to 200 characters").OrThrow();
        if (request.Scope == KillScope.Platform) context.Require(Capability.PlatformAdmin);
        // Stopping must never wait for a second factor; releasing may.
        if (!request.Engaged) context.RequireStepUp(clock);
        var key = request.Scope == KillScope.Platform ? KillKey.Platform : new KillKey(context.Tenant, request.Scope, request.Target ?? "");
        // The platform's switch belongs to no tenant, so its line in the journal does not either.
        var line = context with { Tenant = key.Tenant };
        var (state, wanted, changed) = await db.WriteAsync(
            key.Tenant,
            async work =>
            {
                var (by, now) = (context.Principal.Id, clock.GetUtcNow());
                KillState next;
                if (request.Engaged)
                {
                    next = await KillSwitchStore.EngageAsync(work, key, request.Reason, by, now);
                }
                else
                {
                    var known = await KillSwitchStore.FindAsync(work, key);
                    if (known is not { Engaged: true }) return (known, (Approval?)null, false);
                    if (await approvals.ProposeOrClaimAsync(work, context, Asked(key, known, request.Reason)) is { } pending) return (known, pending, false);
                    next = await KillSwitchStore.ReleaseAsync(work, known, request.Reason, by, now)
                        ?? throw PlatformProblems.Conflict.Because("Somebody engaged it again at the same moment.");
                }
                await journal.AppendAsync(
                    work, line, Subject(key), next.Version, PolicyEvents.KillSwitchChanged,
                    new KillSwitchChanged(next.Engaged, key.ScopeName, next.Reason, request.Target), PolicyJson.Default.KillSwitchChanged);
                work.OnCommit(() => killSwitch.Learn(next));
                return (next, null, true);
            },
            cancellationToken);
        if (wanted is not null) return TwoKeys.Answer(wanted);
        if (changed) LogChanged(logger, key.Tenant, key.ToString(), request.Engaged, context.Principal.Id);
        return TypedResults.Ok(Answer(key, state, true));
    }

    /// <summary>
    /// Bound to the very engagement that is to end: whoever engages again meanwhile voids it. No constitution and no policy is in it, since a
    /// release must be possible when neither can be read.
    /// </summary>
    private static ApprovalRequest Asked(KillKey key, KillState known, string reason)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        bytes.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"engaged_version\":{known.Version},\"reason\":")));
        CanonicalJson.WriteString(reason, bytes);
        bytes.Write(Encoding.ASCII.GetBytes($",\"scope\":\"{key.ScopeName}\",\"target\":"));
        CanonicalJson.WriteString(key.Target, bytes);
        bytes.Write("}"u8);
        return new ApprovalRequest(Release, key.ToString(), Encoding.UTF8.GetString(bytes.WrittenSpan), "", 0, $"Let the {key} act again. It was stopped by {known.ChangedBy}: {known.Reason}")
        {
            Capability = key.Scope == KillScope.Platform ? Capability.PlatformAdmin : Capability.KillSwitchEngage,
        };
    }

    private static string Subject(KillKey key) => key.Target.Length == 0 ? "killswitch" : $"killswitch/{key.ScopeName}/{key.Target}";

    private Ok<KillSwitchesAnswer> Read(RequestContext context)
    {
        var (platform, own) = (killSwitch.Of(KillKey.Platform), killSwitch.Of(KillKey.Of(context.Tenant)));
        var named = context.Capabilities.Has(Capability.PlatformAdmin);
        return TypedResults.Ok(new KillSwitchesAnswer(
            platform?.Engaged == true || own?.Engaged == true, Answer(KillKey.Platform, platform, named), Answer(KillKey.Of(context.Tenant), own, true),
            [.. killSwitch.PartsOf(context.Tenant).Select(state => Answer(state.Key, state, true))]));
    }

    /// <param name="named">Who stopped the platform is another tenant's business only for its operators.</param>
    private static KillSwitchAnswer Answer(KillKey key, KillState? state, bool named) => new(
        key.Scope, key.Target.Length == 0 ? null : key.Target, state?.Engaged == true, state?.Reason, named ? state?.ChangedBy : null, state?.ChangedAt, state?.Version ?? 0);

    [LoggerMessage(LogLevel.Warning, "Kill switch of tenant {Tenant}, {Scope}: engaged {Engaged}, by {Principal}")]
    private static partial void LogChanged(ILogger logger, string tenant, string scope, bool engaged, string principal);
}
