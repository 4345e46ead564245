using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The wiring of the room.</summary>
public static class InferenceModule
{
    public static readonly Room Room = new("Inference", typeof(InferenceModule).Assembly)
    {
        Add = Add,
        Map = Map,
        Problems = [.. InferenceProblems.All, .. QueueProblems.All],
        Json = JsonTypeInfoResolver.Combine(InferenceJson.Default, QueueJson.Default),
        Metrics = [.. InferenceMetrics.All, .. QueueMetrics.All],
        Handle = static (subscriptions, provider) =>
        {
            QueueModule.Handle(subscriptions, provider);
            CountDaily.Handle(subscriptions);
        },
    };

    private static void Add(IServiceCollection services, SomaOptions options)
    {
        UseLiteModule.Add(services, options);
        services.AddSingleton<ModelDirectory>();
        services.AddSingleton<Inference>();
        services.AddSingleton<IModelAnswers>(static provider => provider.GetRequiredService<GovernedChat>());
        services.AddSingleton<CallStore>();
        services.AddSingleton<ModelCalls>();
        services.AddHostedService<ReconcileCalls>().AddHostedService<StopCalls>();
        services.AddSingleton<RequestScreen>();
        services.AddSingleton<CompleteChat>();
        services.AddSingleton<AnswerChat>();
        services.AddSingleton<ListModels>();
        services.AddSingleton<Embeddings>();
        services.AddSingleton<OpenAiEmbeddings>();
        services.AddSingleton<CreateResponse>();
        services.AddSingleton<AnswerResponse>();
        services.AddSingleton<KeptResponses>();
        services.AddSingleton<ResponseStore>();
        services.AddSingleton<InferSync>();
        services.AddSingleton(_ => ProviderList.From(options));
        services.AddSingleton<IModePrecondition, GenerativeModel>();
        services.AddSingleton<Router>();
        services.AddSingleton<GovernedChat>();
        services.AddSingleton<PassThrough>();
        services.AddSingleton<ObligedCall>();
        services.AddSingleton<Circuits>();
        services.AddSingleton<Attempts>();
        services.AddSingleton<AnswerCache>();
        services.AddHostedService<RefreshModels>();
        services.AddSingleton(static provider => new LoopbackServers(
            provider.GetRequiredService<ProviderList>(), provider.GetRequiredService<SomaOptions>().Detect, ProviderList.Connect, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LoopbackServers>>()));
        services.AddSingleton<CreateMessage>();
        services.AddSingleton<AnswerMessages>();
        services.AddSingleton<CountTokens>();
        QueueModule.Add(services, options);
        services.AddSingleton<Tokenizers>();
        services.AddSingleton<TokenCounter>();
        services.AddSingleton<InputBound>();
        services.AddSingleton<CountText>();
        services.AddSingleton<DailyStore>();
        services.AddSingleton<ModelTelemetry>();
        services.AddSingleton<OfflineSpeech>();
        services.AddSingleton<AudioCalls>();
        services.AddSingleton<TranscribeAudio>();
        services.AddSingleton<ISpokenSentences, SpokenSentences>();
        services.AddSingleton<SynthesizeSpeech>();
        services.AddSingleton<ISpeech, LiveSpeech>();
        if (options.ModerationUrl is not null) services.AddSingleton<Governance.Policy.Contracts.IModerator, ProviderModeration>();
    }

    private static void Map(IEndpointRouteBuilder routes)
    {
        CompleteChat.Map(routes);
        ListModels.Map(routes);
        Embeddings.Map(routes);
        CreateResponse.Map(routes);
        KeptResponses.Map(routes);
        InferSync.Map(routes);
        CreateMessage.Map(routes);
        CountTokens.Map(routes);
        QueueModule.Map(routes);
        CountText.Map(routes);
        ModelTelemetry.Map(routes);
        TranscribeAudio.Map(routes);
        SynthesizeSpeech.Map(routes);
    }
}
