using System.Collections.Concurrent;
using System.Globalization;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <summary>Gives a capsule that may run: approved in the tenant, or shipped, and not stopped.</summary>
internal sealed class FindCapsule(CapsuleStore store, ShippedCapsules shipped, IKillSwitch killSwitch) : ICapsules
{
    /// <summary>Parsed capsules by digest: a definition never changes, so neither does what it reads as.</summary>
    private const int KeptMax = 500;

    private readonly ConcurrentDictionary<string, Capsule> _kept = new(StringComparer.Ordinal);

    public async Task<Capsule> ApprovedAsync(RequestContext context, string id, string? version, CancellationToken cancellationToken)
    {
        killSwitch.ThrowIfEngaged(context.Tenant, new KillTarget(KillScope.Capsule, id));
        var wanted = version?.TrimStart('v');
        var rows = await store.VersionsAsync(context.Tenant, id, cancellationToken);
        var approved = rows.Where(row => row.Status == SubmissionStatus.Approved && (wanted is null || row.CapsuleVersion == wanted)).MaxBy(static row => row.CapsuleVersion, CapsuleVersions.Order);
        var ours = shipped.Find(id) is { } found && (wanted is null || found.Capsule.Version == wanted) ? found.Capsule : null;
        if (approved is not null && (ours is null || CapsuleVersions.Order.Compare(approved.CapsuleVersion, ours.Version) > 0)) return Read(approved);
        if (ours is not null) return ours;
        if (rows.Count == 0 && shipped.Find(id) is null) throw CapsuleProblems.Unknown.Because($"No capsule '{id}' was ever submitted here.");
        throw CapsuleProblems.NotApproved.Because(wanted is null ? $"No version of '{id}' is approved." : $"Version {wanted} of '{id}' is not approved.");
    }

    private Capsule Read(SubmissionRow row)
    {
        if (_kept.TryGetValue(row.Digest, out var kept)) return kept;
        var capsule = CapsuleReader.Read(row.Source).Capsule ?? throw CapsuleProblems.NotApproved.Because($"Version {row.CapsuleVersion} of '{row.Capsule}' does not pass the checks of this release; submit it anew.");
        // What was approved is bound by its digest; a row that was changed behind the program's back does not run.
        if (capsule.Digest != row.Digest) throw CapsuleProblems.NotApproved.Because($"Version {row.CapsuleVersion} of '{row.Capsule}' is not what was approved.");
        if (_kept.Count >= KeptMax) _kept.Clear();
        _kept[row.Digest] = capsule;
        return capsule;
    }
}

/// <summary>semver.org, 11: numbers by value, a pre-release before its release.</summary>
internal sealed class CapsuleVersions : IComparer<string>
{
    public static readonly CapsuleVersions Order = new();

    public int Compare(string? x, string? y)
    {
        var (a, b) = (Parts(x ?? ""), Parts(y ?? ""));
        for (var i = 0; i < 3; i++)
            if (a.Numbers[i].CompareTo(b.Numbers[i]) is not 0 and var order) return order;
        if (a.Pre.Length == 0 || b.Pre.Length == 0) return Math.Sign(b.Pre.Length.CompareTo(a.Pre.Length));
        string[] left = a.Pre.Split('.'), right = b.Pre.Split('.');
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
            if (Identifier(left[i], right[i]) is not 0 and var order) return order;
        return left.Length.CompareTo(right.Length);
    }

    private static int Identifier(string a, string b)
    {
        var numbers = (long.TryParse(a, NumberStyles.None, CultureInfo.InvariantCulture, out var x), long.TryParse(b, NumberStyles.None, CultureInfo.InvariantCulture, out var y));
        return numbers switch { (true, true) => x.CompareTo(y), (true, false) => -1, (false, true) => 1, _ => string.CompareOrdinal(a, b) };
    }

    private static (long[] Numbers, string Pre) Parts(string version)
    {
        var plain = version.Split('+', 2)[0].TrimStart('v');
        var dash = plain.Split('-', 2);
        var numbers = dash[0].Split('.').Select(static part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).Concat([0L, 0L, 0L]).Take(3).ToArray();
        return (numbers, dash.Length > 1 ? dash[1] : "");
    }
}
