using System.Text.Json.Serialization;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JwsHeader))]
[JsonSerializable(typeof(ClientChanged))]
[JsonSerializable(typeof(ClientRemoved))]
[JsonSerializable(typeof(GrantMade))]
[JsonSerializable(typeof(GrantRevoked))]
[JsonSerializable(typeof(GrantDenied))]
[JsonSerializable(typeof(TokenRefreshed))]
[JsonSerializable(typeof(SignedOut))]
[JsonSerializable(typeof(ExternalLinked))]
[JsonSerializable(typeof(ExternalSignedIn))]
[JsonSerializable(typeof(GroupChanged))]
[JsonSerializable(typeof(GroupRemoved))]
[JsonSerializable(typeof(ExternalMetadata))]
[JsonSerializable(typeof(ExternalTokens))]
[JsonSerializable(typeof(TokenResponse))]
[JsonSerializable(typeof(DeviceResponse))]
[JsonSerializable(typeof(IntrospectResponse))]
[JsonSerializable(typeof(IdTokenClaims))]
[JsonSerializable(typeof(UserInfoResponse))]
[JsonSerializable(typeof(PutClientRequest))]
[JsonSerializable(typeof(PutClientResponse))]
[JsonSerializable(typeof(Page<ClientView>))]
internal sealed partial class OpenIdJson : JsonSerializerContext;
