using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary><c>POST /a2a/v1</c>: Agent2Agent 1.0 over JSON-RPC, and the cards that say so. Push notifications are optional there and not offered here.</summary>
internal sealed class A2AEndpoint(OriginGuard origins, AgentCards cards, A2ATasks tasks, TaskStore store, IPublicAddress address)
{
    public const string Path = "/a2a/v1";
    public const string ProtocolVersion = "1.0";

    private const string CardPath = "/.well-known/agent-card.json";
    private const int BodyMax = 1 << 20;
    private const int PageMax = 100;
    private const int PageUsual = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(CardPath, (HttpContext http, A2AEndpoint use) => use.CardAsync(http)).Public().WithTags("a2a").WithSummary("The signed agent card.");
        routes.MapPost(Path, (HttpContext http, RequestContext context, A2AEndpoint use) => use.RunAsync(http, context))
            .Requires(Capability.SessionStart).WithMetadata(new ProtectedResource("/.well-known/oauth-protected-resource" + Path)).WithoutReplay().WithoutTimeLimit().WithBodyLimit(BodyMax)
            .WithTags("a2a").WithSummary("Agent2Agent 1.0, JSON-RPC.");
    }

    private async Task CardAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "public, max-age=300";
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(await cards.PublicAsync(http.RequestAborted), A2AJson.Default.A2ACard), http.RequestAborted);
    }

    private async Task RunAsync(HttpContext http, RequestContext context)
    {
        origins.Check(http.Request);
        RpcMessage? message = null;
        try
        {
            message = JsonRpc.Read(await RpcHttp.BodyAsync(http));
            if (message.Id is not { } id) throw new RpcError(RpcError.InvalidRequest, "A2A has no notifications.", StatusCodes.Status400BadRequest);
            // Absent means 0.3 there (3.6.2), which has other shapes and is not spoken here.
            if (http.Request.Headers["A2A-Version"].ToString() is not (ProtocolVersion or "1")) throw A2AErrors.VersionNotSupported();
            await AnswerAsync(http, context, message, id);
        }
        catch (RpcError error) when (!http.Response.HasStarted)
        {
            await RpcHttp.JsonAsync(http, error.Status, JsonRpc.Error(message?.Id, error));
        }
        catch (Problem problem) when (message is not null && !http.Response.HasStarted && problem.Code.Kind is not (ProblemKind.Busy or ProblemKind.Forbidden or ProblemKind.Unavailable))
        {
            await RpcHttp.JsonAsync(http, StatusCodes.Status200OK, JsonRpc.Error(message.Id, RpcError.Of(problem)));
        }
    }

    private Task AnswerAsync(HttpContext http, RequestContext context, RpcMessage message, JsonElement id) => message.Method switch
    {
        "SendMessage" => SendAsync(http, context, message, id),
        "SendStreamingMessage" => StreamAsync(http, context, message, id),
        "GetTask" => GetAsync(http, context, message, id),
        "ListTasks" => ListAsync(http, context, message, id),
        "CancelTask" => CancelAsync(http, context, message, id),
        "SubscribeToTask" => SubscribeAsync(http, context, message, id),
        "GetExtendedAgentCard" => ExtendedAsync(http, context, id),
        "CreateTaskPushNotificationConfig" or "GetTaskPushNotificationConfig" or "ListTaskPushNotificationConfigs" or "DeleteTaskPushNotificationConfig" => throw A2AErrors.NoPush(),
        _ => throw new RpcError(RpcError.MethodNotFound, "Method not found"),
    };

    private async Task SendAsync(HttpContext http, RequestContext context, RpcMessage message, JsonElement id)
    {
        var sent = A2ARequest.Read(message);
        var task = await OpenAsync(context, sent, http.RequestAborted);
        var work = tasks.WorkAsync(context, task);
        // Without waiting, the client comes back for it; an outcome that nobody here awaits is in the task's row.
        if (!sent.Immediately) task = await work.WaitAsync(http.RequestAborted);
        else if (work.IsCompletedSuccessfully) task = await work;
        await AnswerAsync(http, id, new A2AStreamed { Task = View(task, sent.HistoryLength, withArtifacts: true) }, A2AJson.Default.A2AStreamed);
    }

    private async Task StreamAsync(HttpContext http, RequestContext context, RpcMessage message, JsonElement id)
    {
        var sent = A2ARequest.Read(message);
        await FollowAsync(http, context, await OpenAsync(context, sent, http.RequestAborted), id);
    }

    private async Task SubscribeAsync(HttpContext http, RequestContext context, RpcMessage message, JsonElement id)
    {
        var task = await FindAsync(context, message, http.RequestAborted);
        if (A2AState.IsOver(task.State)) throw A2AErrors.Unsupported("The task is over; read it with GetTask.");
        await FollowAsync(http, context, task, id);
    }

    private async Task<TaskRow> OpenAsync(RequestContext context, A2ARequest sent, CancellationToken cancellationToken)
    {
        if (sent.TaskId is { } known)
        {
            var task = await tasks.FindAsync(context, known, cancellationToken) ?? throw A2AErrors.TaskNotFound();
            throw A2AErrors.Unsupported(A2AState.IsOver(task.State)
                ? "The task is over; send the message in its context, without its task id."
                : "The task takes no more messages while it is worked on or waits for a second person.");
        }
        return await tasks.OpenAsync(context, sent.MessageId, sent.ContextId, sent.Persona, sent.Text, cancellationToken);
    }

    /// <summary>The task, then what becomes of it. An answer comes whole: its words are judged before anybody sees them.</summary>
    private async Task FollowAsync(HttpContext http, RequestContext context, TaskRow task, JsonElement id)
    {
        var work = tasks.WorkAsync(context, task);
        await RpcHttp.StartStreamAsync(http);
        await EventAsync(http, id, new A2AStreamed { Task = View(task, 0, withArtifacts: true) });
        var working = new A2AStatusUpdate(task.Id, task.Context, new A2AStatus(A2AState.Working, null, Time(task.UpdatedAt)));
        if (!A2AState.IsOver(task.State) && !work.IsCompleted) await EventAsync(http, id, new A2AStreamed { StatusUpdate = working });
        await RpcHttp.WhileAsync(http, work.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
        try
        {
            var done = await work;
            if (done.Answer is { Length: > 0 } && A2AState.IsOver(done.State) && !A2AState.IsOver(task.State))
                await EventAsync(http, id, new A2AStreamed { ArtifactUpdate = new A2AArtifactUpdate(done.Id, done.Context, Artifact(done), true) });
            await EventAsync(http, id, new A2AStreamed { StatusUpdate = new A2AStatusUpdate(done.Id, done.Context, Status(done)) });
        }
        catch (Problem problem)
        {
            await RpcHttp.EventAsync(http, JsonRpc.Error(id, RpcError.Of(problem)));
        }
    }

    private async Task GetAsync(HttpContext http, RequestContext context, RpcMessage message, JsonElement id) =>
        await AnswerAsync(http, id, View(await FindAsync(context, message, http.RequestAborted), A2ARequest.History(message.Params), withArtifacts: true), A2AJson.Default.A2ATask);

    private async Task CancelAsync(HttpContext http, RequestContext context, RpcMessage message, JsonElement id)
    {
        var task = await tasks.CancelAsync(context, await FindAsync(context, message, http.RequestAborted), http.RequestAborted) ?? throw A2AErrors.NotCancelable();
        await AnswerAsync(http, id, View(task, 0, withArtifacts: true), A2AJson.Default.A2ATask);
    }

    private async Task ListAsync(HttpContext http, RequestContext context, RpcMessage message, JsonElement id)
    {
        var size = PageSize(message);
        var state = message.Text("status") is { Length: > 0 } named && named != "TASK_STATE_UNSPECIFIED" ? named : null;
        if (state is not null && !A2AState.All.Contains(state)) throw RpcError.Params("'status' is no state of a task.");
        var since = message.Text("statusTimestampAfter") is { Length: > 0 } time ? Instant(time) : 0;
        var (before, beforeId) = A2ARequest.Place(Cursor.Decode(message.Text("pageToken")));
        var conversation = message.Text("contextId") is { Length: > 0 } within ? within : null;
        var rows = await store.ListAsync(context, conversation, state, since, before, beforeId, size + 1, http.RequestAborted);
        var page = Cursor.Page(rows, size, static row => $"{row.UpdatedAt.ToMicros()}/{row.Id}");
        var artifacts = message.Find("includeArtifacts", JsonValueKind.True) is not null;
        var history = A2ARequest.History(message.Params);
        var total = await store.CountAsync(context, conversation, state, since, http.RequestAborted);
        await AnswerAsync(http, id, new A2ATaskPage([.. page.Data.Select(row => View(row, history, artifacts))], page.NextCursor ?? "", size, total), A2AJson.Default.A2ATaskPage);
    }

    private static int PageSize(RpcMessage message)
    {
        if (message.Find("pageSize", JsonValueKind.Number) is not { } wanted) return PageUsual;
        return wanted.TryGetInt32(out var number) && number is >= 1 and <= PageMax ? number : throw RpcError.Params($"'pageSize' must be 1 to {PageMax}.");
    }

    private static long Instant(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var instant) ? instant.ToMicros() : throw RpcError.Params("'statusTimestampAfter' is no time.");

    private async Task ExtendedAsync(HttpContext http, RequestContext context, JsonElement id) =>
        await AnswerAsync(http, id, await cards.ExtendedAsync(context, http.RequestAborted), A2AJson.Default.A2ACard);

    private async Task<TaskRow> FindAsync(RequestContext context, RpcMessage message, CancellationToken cancellationToken)
    {
        var id = message.Text("id") is { Length: > 0 and <= 64 } sent ? sent : throw RpcError.Params("'id' must name a task.");
        return await tasks.FindAsync(context, id, cancellationToken) ?? throw A2AErrors.TaskNotFound();
    }

    private A2ATask View(TaskRow task, int? history, bool withArtifacts) => new(
        task.Id, task.Context, Status(task), withArtifacts && task.Answer is { Length: > 0 } && A2AState.IsOver(task.State) ? [Artifact(task)] : null,
        history == 0 ? null : [new A2AMessage(task.Message, task.Context, task.Id, "ROLE_USER", [new A2APart(task.Prompt)])], null);

    /// <summary>Why it waits or was not done is said in words, with the code to look up.</summary>
    private A2AStatus Status(TaskRow task)
    {
        var words = task.State switch
        {
            A2AState.AuthRequired => $"A second person must agree (approval {task.Approval}): {McpResults.PageOf(address, task.Approval!)}. The task goes on by itself then.",
            _ when task.Code is not null => $"{task.Code}: {task.Detail}",
            _ => null,
        };
        var said = words is null ? null : new A2AMessage(Ids.Derive($"{task.Id}\n{task.Version}"), task.Context, task.Id, "ROLE_AGENT", [new A2APart(words)]);
        return new A2AStatus(task.State, said, Time(task.UpdatedAt));
    }

    private static A2AArtifact Artifact(TaskRow task) => new("answer", "Answer", [new A2APart(task.Answer, "text/plain")]);

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static Task AnswerAsync<T>(HttpContext http, JsonElement id, T result, JsonTypeInfo<T> shape) =>
        RpcHttp.JsonAsync(http, StatusCodes.Status200OK, JsonRpc.Result(id, writer => JsonSerializer.Serialize(writer, result, shape)));

    private static Task EventAsync(HttpContext http, JsonElement id, A2AStreamed item) =>
        RpcHttp.EventAsync(http, JsonRpc.Result(id, writer => JsonSerializer.Serialize(writer, item, A2AJson.Default.A2AStreamed)));
}
