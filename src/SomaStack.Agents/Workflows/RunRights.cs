using System.Collections.Concurrent;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// What a run may do now: what its starter held when it began, and holds still. It is asked again whenever a principal, key or token has
/// changed, here at once and within two seconds when that was on another replica.
/// </summary>
internal sealed class RunRights(Db db, IIdentity identity, ISettings settings, SomaOptions options)
{
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<(string Tenant, string Starter), (long Changes, CapabilitySet Held)> _known = new();

    /// <exception cref="Problem">403 <c>run_rights_lost</c> when whoever started it is disabled, its key revoked, or may start no runs any more.</exception>
    public async ValueTask<RequestContext> ContextAsync(string tenant, RunStarter starter, CancellationToken cancellationToken)
    {
        var context = starter.In(tenant, settings.Mode, options.Region);
        // Work of the platform itself: schedules and benchmarks that nobody started.
        if (starter.Kind == Principal.System.Kind) return context;
        var changes = identity.Changes;
        if (!_known.TryGetValue((tenant, starter.Fingerprint), out var known) || known.Changes != changes)
        {
            if (_known.Count >= Most) _known.Clear();
            var wanted = context.Capabilities.Names.ToArray();
            var held = await db.WriteAsync(tenant, async work =>
            {
                if (await identity.HoldsAsync(work, tenant, context.Principal, wanted)) return wanted;
                var some = new List<string>(wanted.Length);
                foreach (var one in wanted)
                    if (await identity.HoldsAsync(work, tenant, context.Principal, [one])) some.Add(one);
                return some.ToArray();
            }, cancellationToken);
            _known[(tenant, starter.Fingerprint)] = known = (changes, CapabilitySet.Of(held));
        }
        if (!known.Held.Has(Capability.RunStart))
            throw WorkflowProblems.RightsLost.Because($"'{starter.Id}' started this run and is disabled, or may start runs no more.");
        return context with { Capabilities = known.Held };
    }
}
