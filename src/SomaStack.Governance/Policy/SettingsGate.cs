using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>Puts risky changes of settings before the gate as <c>settings.change</c>; a yes is bound to the very change and to the version that it replaces.</summary>
internal sealed class SettingsGate(IGate gate) : ISettingsGate
{
    public const string Kind = "settings.change";

    public async Task<ApprovalRequest?> AskAsync(RequestContext context, RiskyChange change, CancellationToken cancellationToken)
    {
        var whole = context.Tenant == Db.AllTenants;
        var action = new GatedAction(Kind, whole ? "installation" : "tenant", Arguments(change));
        var decision = await gate.CheckAsync(context, action, cancellationToken);
        if (decision.Verdict == Verdict.Deny)
            throw new Problem(PolicyProblems.SettingsDenied, $"This change is risky ({string.Join(", ", change.Risks)}) and denied. {string.Join(" ", decision.Reasons.Select(static reason => reason.Message))}") { Reasons = decision.Reasons };
        if (decision.Verdict == Verdict.Allow) return null;
        return decision.ToApproval(action, $"{context.Principal.Id} changes the settings of {(whole ? "the installation" : "the tenant")}: {string.Join(", ", change.Risks)}.") with
        {
            Capability = whole ? Capability.PlatformAdmin : Capability.TenantAdmin,
        };
    }

    private static string Arguments(RiskyChange change)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            Write(json, "before", change.Before);
            Write(json, "next", change.Next);
            if (change.RestoredFrom is { } version) json.WriteNumber("restored_from", version);
            json.WriteStartArray("risks");
            foreach (var risk in change.Risks) json.WriteStringValue(risk);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Money as text: a double does not hold every amount.</summary>
    private static void Write(Utf8JsonWriter json, string name, TenantSettings settings)
    {
        json.WriteStartObject(name);
        json.WriteString("display_name", settings.DisplayName);
        json.WriteStartArray("residency_regions");
        foreach (var region in settings.ResidencyRegions) json.WriteStringValue(region);
        json.WriteEndArray();
        if (settings.RequestsPerMinute is { } requests) json.WriteNumber("requests_per_minute", requests);
        if (settings.DailyBudgetNanos is { } nanos) json.WriteString("daily_budget_usd", (nanos / 1_000_000_000m).ToString("0.#########", CultureInfo.InvariantCulture));
        json.WriteNumber("version", settings.Version);
        json.WriteEndObject();
    }
}
