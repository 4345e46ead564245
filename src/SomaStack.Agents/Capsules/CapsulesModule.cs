using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <summary>The wiring of the room.</summary>
public static class CapsulesModule
{
    public static readonly Room Room = new("Capsules", typeof(CapsulesModule).Assembly)
    {
        Problems = CapsuleProblems.All,
        Json = CapsulesJson.Default,
        Add = static (services, _) => services
            .AddSingleton<CapsuleStore>().AddSingleton<ShippedCapsules>().AddSingleton<SubmitCapsule>().AddSingleton<ReviewCapsule>()
            .AddSingleton<ReadCapsules>().AddSingleton<PinKeys>().AddSingleton<ICapsules, FindCapsule>(),
        Map = static routes =>
        {
            SubmitCapsule.Map(routes);
            ReviewCapsule.Map(routes);
            ReadCapsules.Map(routes);
            PinKeys.Map(routes);
            NotBuilt.Map(routes);
        },
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SubmitRequest))]
[JsonSerializable(typeof(ValidateCapsuleRequest))]
[JsonSerializable(typeof(CapsuleValidation))]
[JsonSerializable(typeof(ReviewRequest))]
[JsonSerializable(typeof(RevokeCapsuleRequest))]
[JsonSerializable(typeof(SubmissionView))]
[JsonSerializable(typeof(Page<SubmissionLine>))]
[JsonSerializable(typeof(CapsuleDetail))]
[JsonSerializable(typeof(Page<CapsuleLine>))]
[JsonSerializable(typeof(IReadOnlyList<CapsuleFault>))]
[JsonSerializable(typeof(PinKeyRequest))]
[JsonSerializable(typeof(Page<PinnedKey>))]
[JsonSerializable(typeof(CapsuleSubmitted))]
[JsonSerializable(typeof(CapsuleReviewed))]
[JsonSerializable(typeof(CapsuleRevoked))]
[JsonSerializable(typeof(CapsuleKeyChanged))]
internal sealed partial class CapsulesJson : JsonSerializerContext;
