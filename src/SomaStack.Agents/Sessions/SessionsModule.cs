using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>The wiring of the room.</summary>
public static class SessionsModule
{
    public static readonly Room Room = new("Sessions", typeof(SessionsModule).Assembly)
    {
        Problems = SessionProblems.All,
        Metrics = SessionMetrics.All,
        Json = SessionsJson.Default,
        Add = static (services, options) =>
        {
            services.AddSingleton<SessionStore>().AddSingleton<PersonaStore>().AddSingleton<SessionStreams>().AddSingleton<TurnOwner>();
            services.AddSingleton<Governance.Policy.Contracts.ISessionTrail, SessionTrails>();
            services.AddSingleton<Conversations>().AddSingleton<Contracts.IConversations>(static provider => provider.GetRequiredService<Conversations>());
            services.AddSingleton<Contracts.IPersonas>(static provider => provider.GetRequiredService<PersonaStore>());
            services.AddSingleton<OpenTurn>().AddSingleton<AnswerTurn>().AddSingleton<AwaitTurn>();
            services.AddSingleton<RoundStore>().AddSingleton<OfferTools>().AddSingleton<RunTools>().AddSingleton<ResumePaused>();
            services.AddSingleton<Tools.Contracts.INativeAdapter, SessionsAdapter>();
            services.AddSingleton<WaitingTurnStore>().AddSingleton<WaitingTurns>();
            services.AddSingleton<StartSession>().AddSingleton<SendMessage>().AddSingleton<SessionSocket>();
            services.AddSingleton<Contracts.ILiveTurns, LiveTurns>();
            services.AddSingleton<RunningTurns>().AddSingleton<IHostedService>(provider => provider.GetRequiredService<RunningTurns>());
            if (options.HasRole("api")) services.AddHostedService<ReconcileTurns>().AddHostedService<ResumeTurns>();
        },
        Handle = static (subscriptions, provider) => provider.GetRequiredService<WaitingTurns>().Handle(subscriptions),
        Map = static routes =>
        {
            StartSession.Map(routes);
            SendMessage.Map(routes);
            GetSession.Map(routes);
            StreamEvents.Map(routes);
            SessionSocket.Map(routes);
            CancelTurn.Map(routes);
            CloseSession.Map(routes);
            SavePersona.Map(routes);
        },
    };
}
