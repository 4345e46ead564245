using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>The wiring of the room.</summary>
public static class PolicyModule
{
    public static readonly Room Room = new("Policy", typeof(PolicyModule).Assembly)
    {
        Add = static (services, _) => services
            .AddSingleton<PolicyStore>().AddSingleton<PoliciesInForce>().AddSingleton<StarterPolicy>()
            .AddSingleton<WritePolicy>().AddSingleton<ReadPolicies>().AddSingleton<CompiledConstitutions>().AddSingleton<DecisionFacts>().AddSingleton<EvaluateAction>()
            .AddSingleton<RecordedActionStore>().AddSingleton<SimulatePolicy>()
            .AddSingleton<ActionRecorder>().AddHostedService(static provider => provider.GetRequiredService<ActionRecorder>())
            .AddSingleton<IGate, Gate>().AddSingleton<ISettingsGate, SettingsGate>().AddSingleton<IRedaction, Redaction>()
            .AddSingleton<KillSwitchStore>().AddSingleton<KillSwitch>().AddSingleton<ChangeKillSwitch>()
            .AddSingleton<IKillSwitch>(static provider => provider.GetRequiredService<KillSwitch>())
            .AddSingleton<WatchKillSwitches>().AddHostedService(static provider => provider.GetRequiredService<WatchKillSwitches>())
            .AddSingleton<StrikeStore>().AddSingleton<ReviewStrikes>()
            .AddSingleton<AppealStore>().AddSingleton<FileAppeal>().AddSingleton<DecideAppeal>()
            .AddSingleton<IModeration, Moderation>(),
        Map = static routes =>
        {
            EvaluateAction.Map(routes);
            ReadPolicies.Map(routes);
            WritePolicy.Map(routes);
            SimulatePolicy.Map(routes);
            ChangeKillSwitch.Map(routes);
            ReviewStrikes.Map(routes);
            FileAppeal.Map(routes);
            DecideAppeal.Map(routes);
        },
        Start = static async (provider, cancellationToken) =>
        {
            await provider.GetRequiredService<StarterPolicy>().EnsureAsync(cancellationToken);
            await provider.GetRequiredService<WatchKillSwitches>().ReadAsync(cancellationToken);
        },
        Problems = PolicyProblems.All,
        Json = PolicyJson.Default,
        Metrics = PolicyMetrics.All,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EvaluateRequest))]
[JsonSerializable(typeof(EvaluateAnswer))]
[JsonSerializable(typeof(PolicyAnswer))]
[JsonSerializable(typeof(Page<PolicyVersionAnswer>))]
[JsonSerializable(typeof(SimulateRequest))]
[JsonSerializable(typeof(SimulateAnswer))]
[JsonSerializable(typeof(KillSwitchRequest))]
[JsonSerializable(typeof(KillSwitchAnswer))]
[JsonSerializable(typeof(KillSwitchesAnswer))]
[JsonSerializable(typeof(ResetRequest))]
[JsonSerializable(typeof(StrikeAnswer))]
[JsonSerializable(typeof(Page<StrikeAnswer>))]
[JsonSerializable(typeof(PolicyUpdated))]
[JsonSerializable(typeof(KillSwitchChanged))]
[JsonSerializable(typeof(PolicyNotice))]
[JsonSerializable(typeof(ModerationStrike))]
[JsonSerializable(typeof(ModerationReset))]
[JsonSerializable(typeof(ModerationBypassed))]
[JsonSerializable(typeof(AppealRequest))]
[JsonSerializable(typeof(AppealAnswer))]
[JsonSerializable(typeof(StandingAnswer))]
[JsonSerializable(typeof(AppealDecisionRequest))]
[JsonSerializable(typeof(Page<AppealAnswer>))]
[JsonSerializable(typeof(ModerationAppealed))]
[JsonSerializable(typeof(ModerationAppealDecided))]
internal sealed partial class PolicyJson : JsonSerializerContext;

/// <summary>Policies are read strictly: a misspelt field must not silently weaken one.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    Converters = [typeof(SnakeCase<RuleEffect>), typeof(SnakeCase<Severity>), typeof(SnakeCase<ModerationEffect>), typeof(SnakeCase<ModerationStage>)])]
[JsonSerializable(typeof(PolicyDocument))]
internal sealed partial class PolicyDocumentJson : JsonSerializerContext;

internal sealed class SnakeCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) where T : struct, Enum;
