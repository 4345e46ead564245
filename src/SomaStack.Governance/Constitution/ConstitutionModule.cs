using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>The wiring of the room.</summary>
public static class ConstitutionModule
{
    public static readonly Room Room = new("Constitution", typeof(ConstitutionModule).Assembly)
    {
        Add = static (services, options) =>
        {
            services.AddSingleton<PinnedKeys>().AddSingleton<ConstitutionStore>().AddSingleton<StarterConstitution>().AddSingleton<SignersWanted>();
            services.AddSingleton<LoadConstitution>().AddSingleton<ActivateConstitution>().AddSingleton<RollBackConstitution>().AddSingleton<ListConstitutions>();
            services.AddSingleton<ChangeOverlay>().AddSingleton<ActiveConstitutions>().AddHostedService<WatchConstitutions>();
            services.AddSingleton<IConstitution>(static provider => provider.GetRequiredService<ActiveConstitutions>());
            services.AddSingleton<IConstitutionHash>(static provider => provider.GetRequiredService<ActiveConstitutions>());
            services.AddSingleton<IModePrecondition, ConstitutionPrecondition>();
            if (options.Redis is not { Length: > 0 } redis) return;
            services.TryAddSingleton(_ => new SharedRedis(redis));
            services.AddSingleton(static provider => new ConstitutionCopies(provider.GetRequiredService<SharedRedis>(), provider.GetRequiredService<ILogger<ConstitutionCopies>>()));
        },
        Map = static routes =>
        {
            ReadConstitution.Map(routes);
            ChecksumConstitution.Map(routes);
            ValidateConstitution.Map(routes);
            LoadConstitution.Map(routes);
            ActivateConstitution.Map(routes);
            RollBackConstitution.Map(routes);
            ListConstitutions.Map(routes);
            ChangeOverlay.Map(routes);
        },
        Start = static (provider, cancellationToken) => provider.GetRequiredService<StarterConstitution>().EnsureAsync(cancellationToken),
        Problems = ConstitutionProblems.All,
        Json = ConstitutionJson.Default,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<ConstitutionSignature>))]
[JsonSerializable(typeof(ConstitutionAnswer))]
[JsonSerializable(typeof(ConstitutionVersionAnswer))]
[JsonSerializable(typeof(ChecksumRequest))]
[JsonSerializable(typeof(ChecksumAnswer))]
[JsonSerializable(typeof(ValidateRequest))]
[JsonSerializable(typeof(ValidateAnswer))]
[JsonSerializable(typeof(LoadRequest))]
[JsonSerializable(typeof(LoadAnswer))]
[JsonSerializable(typeof(ActivateRequest))]
[JsonSerializable(typeof(ActivateAnswer))]
[JsonSerializable(typeof(RollBackRequest))]
[JsonSerializable(typeof(Page<ConstitutionLine>))]
[JsonSerializable(typeof(ConstitutionDetail))]
[JsonSerializable(typeof(ConstitutionDiff))]
[JsonSerializable(typeof(OverlayAnswer))]
[JsonSerializable(typeof(ConstitutionVersion))]
[JsonSerializable(typeof(ActivationSeal))]
[JsonSerializable(typeof(ConstitutionUpdated))]
[JsonSerializable(typeof(ConstitutionLoaded))]
[JsonSerializable(typeof(ConstitutionRefused))]
[JsonSerializable(typeof(OverlayChanged))]
internal sealed partial class ConstitutionJson : JsonSerializerContext;
