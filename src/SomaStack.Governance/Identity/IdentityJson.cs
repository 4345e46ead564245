using System.Text.Json.Serialization;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TenantCreated))]
[JsonSerializable(typeof(PrincipalChanged))]
[JsonSerializable(typeof(TokenIssued))]
[JsonSerializable(typeof(TokenRevoked))]
[JsonSerializable(typeof(ApiKeyCreated))]
[JsonSerializable(typeof(ApiKeyRevoked))]
[JsonSerializable(typeof(SignInLinkCreated))]
[JsonSerializable(typeof(SignedIn))]
[JsonSerializable(typeof(KeysRotated))]
[JsonSerializable(typeof(TokenClaims))]
[JsonSerializable(typeof(PublicKeySet))]
[JsonSerializable(typeof(IssuerMetadata))]
[JsonSerializable(typeof(IssueTokenRequest))]
[JsonSerializable(typeof(IssueTokenResponse))]
[JsonSerializable(typeof(VerifyTokenRequest))]
[JsonSerializable(typeof(VerifyTokenResponse))]
[JsonSerializable(typeof(RevokeTokenRequest))]
[JsonSerializable(typeof(RevokeTokenResponse))]
[JsonSerializable(typeof(Page<UserView>))]
[JsonSerializable(typeof(PutUserRequest))]
[JsonSerializable(typeof(CreateTenantRequest))]
[JsonSerializable(typeof(CreateTenantResponse))]
[JsonSerializable(typeof(RotateKeysResponse))]
[JsonSerializable(typeof(CreateApiKeyRequest))]
[JsonSerializable(typeof(CreateApiKeyResponse))]
[JsonSerializable(typeof(Page<ApiKeyView>))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(string))]
internal sealed partial class IdentityJson : JsonSerializerContext;
