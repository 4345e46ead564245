using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary><c>GET /v1/audio/stream</c>: a conversation by voice over a WebSocket (docs/voice.md).</summary>
internal sealed class OpenVoice(
    VoiceSeats seats, ISpeech speech, ILiveTurns turns, IModeration moderation, IKillSwitch killSwitch, IIdentity identity, Db db, Journal journal, SomaOptions options,
    IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<OpenVoice> log)
{
    /// <summary>It talks to a session and has models hear and speak.</summary>
    public static readonly string[] Needed = [Capability.SessionStart, Capability.InferenceInvoke];

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/audio/stream", (RequestContext context, OpenVoice use, HttpContext http) => use.RunAsync(context, http))
        .Requires(Capability.SessionStart).CountsItself().Produces(101).WithTags("voice").WithSummary("Talk with a persona over WebSocket.");

    private async Task<IResult> RunAsync(RequestContext context, HttpContext http)
    {
        context.Require(Capability.InferenceInvoke);
        if (!http.WebSockets.IsWebSocketRequest) throw Problem.Invalid("upgrade", "must ask for a WebSocket");
        killSwitch.ThrowIfEngaged(context.Tenant);
        using var seat = seats.Take(context.Tenant, context.Principal.Id);
        var presented = http.Features.GetRequiredFeature<Presented>();
        // Who is slow is told so by us; Kestrel would cut the connection without a word.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = options.FeedHeartbeat, KeepAliveTimeout = options.FeedHeartbeat });
        using var voice = new VoiceConnection(socket, http.Abort, context, presented, new VoiceParts(speech, turns, moderation, killSwitch, identity, db, journal, clock, log));
        await using var stopping = lifetime.ApplicationStopping.Register(voice.Stop);
        await voice.RunAsync();
        return Results.Empty;
    }
}
