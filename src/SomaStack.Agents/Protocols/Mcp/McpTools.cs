using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>The caller's tools over MCP: the same list and the same one way to carry them out as everywhere.</summary>
internal sealed class McpTools(ITools tools, McpHandles handles, WaitingCallStore waiting, RunningCalls running, McpResults results, TimeProvider clock)
{
    private const int PageSize = 100;
    private const int KeyMax = 128;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(2);

    public async Task<Action<Utf8JsonWriter>> ListAsync(RequestContext context, McpCall call, CancellationToken cancellationToken)
    {
        var after = Cursor.Decode(call.Message.Text("cursor")) ?? "";
        var offered = await tools.OfferedAsync(context, null, cancellationToken);
        var rest = offered.Where(offer => string.CompareOrdinal(offer.Name, after) > 0).OrderBy(static offer => offer.Name, StringComparer.Ordinal);
        var page = Cursor.Page(rest.Take(PageSize + 1).ToList(), PageSize, static offer => offer.Name);
        return writer =>
        {
            writer.WriteStartArray("tools");
            foreach (var offer in page.Data) WriteTool(writer, offer, call.IsModern);
            writer.WriteEndArray();
            if (page.NextCursor is { } next) writer.WriteString("nextCursor", next);
            McpEndpoint.WriteCaching(writer, call);
        };
    }

    /// <summary>Answers with JSON, or with an event stream where the client wants to hear of progress.</summary>
    public async Task CallAsync(HttpContext http, RequestContext context, McpCall call, JsonElement id)
    {
        using var cancel = new CancellationTokenSource();
        // Without a handshake, going away is the cancellation; with one it is not, and the client says it.
        using var gone = call.IsModern ? http.RequestAborted.Register(static state => ((CancellationTokenSource)state!).Cancel(), cancel) : default;
        var tracked = call.Session is { } session && running.Add(session, call.Message.IdText, cancel);
        if (call.Session is not null && !tracked) throw new RpcError(RpcError.InvalidRequest, "This id is being answered already.", StatusCodes.Status400BadRequest);
        try
        {
            var work = AnswerAsync(http, context, call, id, cancel.Token);
            if (ProgressToken(call.Message) is { } wanted && RpcHttp.AcceptsStream(http.Request)) await StreamAsync(http, work, wanted);
            else await RpcHttp.JsonAsync(http, StatusCodes.Status200OK, await work);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // A cancelled request gets no answer; its connection has to end all the same.
            if (!http.Response.HasStarted) http.Response.StatusCode = StatusCodes.Status202Accepted;
        }
        finally
        {
            if (tracked) running.Remove(call.Session!, call.Message.IdText);
        }
    }

    private static JsonElement? ProgressToken(RpcMessage message) =>
        message.Find("_meta", JsonValueKind.Object) is { } meta && meta.TryGetProperty("progressToken", out var token) && token.ValueKind is JsonValueKind.String or JsonValueKind.Number ? token : null;

    private async Task StreamAsync(HttpContext http, Task<byte[]> work, JsonElement token)
    {
        var since = clock.GetTimestamp();
        await RpcHttp.StartStreamAsync(http);
        // How far a tool has come is not known; how long it has been at work is.
        await RpcHttp.WhileAsync(http, work, () => RpcHttp.EventAsync(http, JsonRpc.Notification("notifications/progress", writer =>
        {
            writer.WritePropertyName("progressToken");
            token.WriteTo(writer);
            writer.WriteNumber("progress", Math.Round(clock.GetElapsedTime(since).TotalSeconds, 1));
            writer.WriteString("message", "At work; progress counts seconds.");
        })), ProgressEvery);
        await RpcHttp.EventAsync(http, await work);
    }

    /// <summary>The message that answers; refusals of the call are in it, since an event stream may have begun.</summary>
    private async Task<byte[]> AnswerAsync(HttpContext http, RequestContext context, McpCall call, JsonElement id, CancellationToken cancellationToken)
    {
        try
        {
            var wanted = Wanted(context, call);
            var key = await KeyAsync(http, context, call, wanted, cancellationToken);
            var result = await tools.CallAsync(context, new ToolCall(wanted.Adapter, wanted.Action, wanted.Arguments, key) { Approval = context.Approval }, cancellationToken);
            if (result.Outcome == ToolOutcome.Awaiting) return await SuspendAsync(context, call, id, wanted, key, result, cancellationToken);
            if (wanted.Waited) await waiting.ForgetAsync(context, wanted.Digest, cancellationToken);
            return McpEndpoint.Result(id, call, writer => McpResults.Write(writer, result), facts => McpResults.WriteFacts(facts, result));
        }
        catch (RpcError error)
        {
            return JsonRpc.Error(id, error);
        }
        catch (Problem problem) when (problem.Code.Kind == ProblemKind.NotFound)
        {
            return JsonRpc.Error(id, RpcError.Params("Unknown tool: " + call.Message.Text("name")));
        }
        catch (Problem problem)
        {
            // Whatever else refuses, a model reads it and may do better.
            return McpEndpoint.Result(id, call, writer => McpResults.WriteRefusal(writer, problem));
        }
    }

    private async Task<byte[]> SuspendAsync(RequestContext context, McpCall call, JsonElement id, WantedTool wanted, string key, ToolResult result, CancellationToken cancellationToken)
    {
        var approval = result.Awaits!;
        await waiting.KeepAsync(context, wanted.Digest, new WaitingCall(key, approval.Id), approval.ExpiresAt, cancellationToken);
        if (!call.ElicitsUrl) return McpEndpoint.Result(id, call, writer => results.WriteAwaiting(writer, approval), facts => McpResults.WriteFacts(facts, result));
        var state = handles.NewState(context, new McpState(key, wanted.Digest, approval.ExpiresAt.ToMicros()));
        return JsonRpc.Result(id, writer => results.WriteInputRequired(writer, approval, state));
    }

    private static WantedTool Wanted(RequestContext context, McpCall call)
    {
        var name = call.Message.Text("name") is { Length: > 0 and <= 256 } sent ? sent : throw RpcError.Params("'name' must be the name of a tool.");
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || dot == name.Length - 1) throw RpcError.Params("Unknown tool: " + name);
        var arguments = "{}";
        if (call.Message.Params.TryGetProperty("arguments", out var given))
            arguments = given.ValueKind == JsonValueKind.Object ? given.GetRawText() : throw RpcError.Params("'arguments' must be an object.");
        return new WantedTool(name[..dot], name[(dot + 1)..], arguments, McpResults.DigestOf(context, name, arguments));
    }

    /// <summary>
    /// One key for one intended effect: the caller's own, that of the call that waits, or the request's id within its session. Without any of
    /// these two requests are two intentions.
    /// </summary>
    private async Task<string> KeyAsync(HttpContext http, RequestContext context, McpCall call, WantedTool wanted, CancellationToken cancellationToken)
    {
        if (call.Message.Text("requestState") is { } text)
        {
            wanted.Waited = true;
            var state = handles.OpenState(context, text);
            return state?.Digest == wanted.Digest ? state.Key : throw RpcError.Params("'requestState' belongs to another call, to somebody else, or is over.");
        }
        if (http.Request.Headers["Idempotency-Key"] is { Count: > 0 } sent)
        {
            if (sent is not [{ Length: > 0 and <= KeyMax } key] || key.AsSpan().ContainsAnyExceptInRange('!', '~')) throw RpcError.Params($"Idempotency-Key must be one value of 1 to {KeyMax} visible ASCII characters.");
            return Key(context, "key", key);
        }
        if (await waiting.FindAsync(context, wanted.Digest, cancellationToken) is { } found)
        {
            wanted.Waited = true;
            return found.Key;
        }
        return call.Session is { } session ? Key(context, session.Nonce, call.Message.IdText) : "mcp/" + Ids.New(clock);
    }

    private static string Key(RequestContext context, string space, string name) => "mcp/" + Ids.Derive($"mcp\n{context.Tenant}\n{context.Principal.Id}\n{space}\n{name}");

    private static void WriteTool(Utf8JsonWriter writer, ToolOffer offer, bool modern)
    {
        writer.WriteStartObject();
        writer.WriteString("name", offer.Name);
        writer.WriteString("description", offer.Description);
        writer.WritePropertyName("inputSchema");
        writer.WriteRawValue(offer.InputSchema);
        if (offer.OutputSchema is { } output && (modern || IsObject(output)))
        {
            writer.WritePropertyName("outputSchema");
            writer.WriteRawValue(output);
        }
        writer.WriteStartObject("annotations");
        writer.WriteBoolean("readOnlyHint", offer.ReadOnly);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Handshake versions know structured results that are objects only.</summary>
    private static bool IsObject(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() == "object";
    }

    private sealed record WantedTool(string Adapter, string Action, string Arguments, string Digest)
    {
        /// <summary>It goes on with a call that waited for a second person.</summary>
        public bool Waited { get; set; }
    }
}
