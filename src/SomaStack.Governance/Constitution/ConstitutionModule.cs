using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>The wiring of the room.</summary>
public static class ConstitutionModule
{
    public static readonly Room Room = new("Constitution", typeof(ConstitutionModule).Assembly)
    {
        Add = static (services, _) => services
            .AddSingleton<PinnedKeys>()
            .AddSingleton<ConstitutionStore>()
            .AddSingleton<StarterConstitution>()
            .AddSingleton<LoadConstitution>()
            .AddSingleton<ActiveConstitutions>()
            .AddSingleton<IConstitutionHash>(static provider => provider.GetRequiredService<ActiveConstitutions>())
            .AddSingleton<IConstitution>(static provider => provider.GetRequiredService<ActiveConstitutions>()),
        Map = static routes =>
        {
            ReadConstitution.Map(routes);
            ChecksumConstitution.Map(routes);
            ValidateConstitution.Map(routes);
            LoadConstitution.Map(routes);
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
[JsonSerializable(typeof(ConstitutionUpdated))]
internal sealed partial class ConstitutionJson : JsonSerializerContext;
