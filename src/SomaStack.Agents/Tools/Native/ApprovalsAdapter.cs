using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Approvals to be looked at. A tool never decides one: that takes a person.</summary>
internal sealed class ApprovalsAdapter(IApprovalRecords approvals) : INativeAdapter
{
    private const string State = """{"enum":["pending","approved","rejected","expired","voided","claimed"]}""";

    public string Name => "approvals";

    public string Description => "Shows which actions wait for a second person, and what became of them. It decides nothing.";

    public IReadOnlyList<NativeAction> Actions { get; } =
    [
        new("list", "Lists approvals, newest first.", $$$"""
            {"type":"object","properties":{"state":{{{State}}},"limit":{"type":"integer","minimum":1,"maximum":100}},"additionalProperties":false}
            """, """{"type":"object","properties":{"approvals":{"type":"array"}},"required":["approvals"]}""", "low", Capability.ToolExecute, ReadOnly: true, Idempotent: true),
        new("read", "Reads one approval with the exact arguments that it is about.", """
            {"type":"object","properties":{"id":{"type":"string","minLength":1,"maxLength":64}},"required":["id"],"additionalProperties":false}
            """, """{"type":"object","properties":{"approval":{"type":"object"},"arguments":{}},"required":["approval","arguments"]}""", "low", Capability.ToolExecute, ReadOnly: true, Idempotent: true),
    ];

    public async Task<NativeAnswer> CallAsync(RequestContext context, string action, string arguments, ToolCall call, CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(arguments);
        var asked = document.RootElement;
        if (action == "read")
        {
            var one = await approvals.FindAsync(context, asked.GetProperty("id").GetString()!, cancellationToken) ?? throw PlatformProblems.NotFound.Because("No approval that you may see has this id.");
            using var exact = JsonDocument.Parse(one.Arguments);
            var shown = new ShownApproval(one.Id, Word(one.State), one.Kind, one.Resource, one.Requester, one.Summary, one.ExpiresAt);
            return new NativeAnswer($"{shown.State}: {shown.Summary}", JsonSerializer.Serialize(new ApprovalAnswer(shown, exact.RootElement), ToolsJson.Default.ApprovalAnswer));
        }
        var found = await approvals.ListAsync(context, asked.TryGetProperty("state", out var state) ? state.GetString() : null, asked.TryGetProperty("limit", out var limit) ? limit.GetInt32() : 20, cancellationToken);
        ShownApproval[] all = [.. found.Select(static one => new ShownApproval(one.Id, Word(one.State), one.Kind, one.Resource, one.Requester, one.Summary, one.ExpiresAt))];
        var text = all.Length == 0 ? "There is none." : string.Join("\n", all.Select(static one => $"{one.Id} {one.State} {one.Kind}: {one.Summary}"));
        return new NativeAnswer(text, JsonSerializer.Serialize(new ApprovalsAnswer(all), ToolsJson.Default.ApprovalsAnswer));
    }

    private static string Word(ApprovalState state) => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());
}

internal sealed record ShownApproval(string Id, string State, string Kind, string Resource, string Requester, string Summary, DateTimeOffset ExpiresAt);

internal sealed record ApprovalsAnswer(IReadOnlyList<ShownApproval> Approvals);

internal sealed record ApprovalAnswer(ShownApproval Approval, JsonElement Arguments);
