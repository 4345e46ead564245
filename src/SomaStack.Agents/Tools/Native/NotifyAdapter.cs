using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Tells people something, through the ways that each of them chose, e-mail included. The room of notifications hears it and delivers.</summary>
internal sealed class NotifyAdapter(Db db, Journal journal) : INativeAdapter
{
    public string Name => "notify";

    public string Description => "Tells people of this tenant something.";

    public IReadOnlyList<NativeAction> Actions { get; } =
    [
        new("send", "Sends a notification to named people, to all who hold a capability, or to yourself when neither is named. They get it the way they chose: in the console, by e-mail or both.", """
            {"type":"object","properties":{"title":{"type":"string","minLength":1,"maxLength":200,"pattern":"^[^\\r\\n]*\\S[^\\r\\n]*$"},"body":{"type":"string","maxLength":4000},
            "severity":{"enum":["info","warning","error"]},"to":{"type":"array","minItems":1,"maxItems":50,"uniqueItems":true,"items":{"type":"string","minLength":1,"maxLength":64}},
            "capability":{"type":"string","minLength":1,"maxLength":64}},"required":["title"],"additionalProperties":false,"not":{"required":["to","capability"]}}
            """, """{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}""", "medium", Capability.NotificationSend, ReadOnly: false, Idempotent: true),
    ];

    public async Task<NativeAnswer> CallAsync(RequestContext context, string action, string arguments, ToolCall call, CancellationToken cancellationToken)
    {
        context.Require(Capability.NotificationSend);
        using var document = JsonDocument.Parse(arguments);
        var asked = document.RootElement;
        var capability = asked.TryGetProperty("capability", out var held) ? held.GetString() : null;
        if (capability is not null && !Capability.All.Contains(capability)) throw Problem.Invalid("capability", "must be a published one");
        var to = asked.TryGetProperty("to", out var names) ? [.. names.EnumerateArray().Select(static name => name.GetString()!)] : capability is null ? new[] { context.Principal.Id } : null;
        var notice = new ToolNotice(
            Ids.Derive($"tool-notice\n{context.Tenant}\n{call.Key}"), asked.TryGetProperty("severity", out var severity) ? severity.GetString()! : "info", asked.GetProperty("title").GetString()!,
            asked.TryGetProperty("body", out var body) ? body.GetString()! : "", to, capability, context.Principal.Id, call.Session, call.Run);
        try
        {
            await db.WriteAsync(context.Tenant, work => journal.AppendAsync(work, context, "tool_notice/" + notice.Id, 1, ToolEvents.Notify, notice, ToolsJson.Default.ToolNotice), cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            // The same call was told before a crash: nobody hears of it twice.
        }
        return new NativeAnswer("It will be delivered.", JsonSerializer.Serialize(new RememberedAnswer(notice.Id), ToolsJson.Default.RememberedAnswer));
    }
}
