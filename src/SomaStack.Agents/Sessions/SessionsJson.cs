using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SessionStarted))]
[JsonSerializable(typeof(TurnOpened))]
[JsonSerializable(typeof(TurnSuspended))]
[JsonSerializable(typeof(TurnDenied))]
[JsonSerializable(typeof(WaitingRequest))]
[JsonSerializable(typeof(TurnApproval))]
[JsonSerializable(typeof(ApprovalRequiredData))]
[JsonSerializable(typeof(TurnCompleted))]
[JsonSerializable(typeof(TurnFailed))]
[JsonSerializable(typeof(TurnCancelled))]
[JsonSerializable(typeof(SessionClosed))]
[JsonSerializable(typeof(Refused))]
[JsonSerializable(typeof(PersonaChanged))]
[JsonSerializable(typeof(StartSession.Request), TypeInfoPropertyName = "StartSessionRequest")]
[JsonSerializable(typeof(SendMessage.Request), TypeInfoPropertyName = "SendMessageRequest")]
[JsonSerializable(typeof(CancelTurn.Response), TypeInfoPropertyName = "CancelTurnResponse")]
[JsonSerializable(typeof(SavePersona.CreateRequest))]
[JsonSerializable(typeof(SavePersona.UpdateRequest))]
[JsonSerializable(typeof(TurnResult))]
[JsonSerializable(typeof(TurnView))]
[JsonSerializable(typeof(TurnFailure))]
[JsonSerializable(typeof(TurnStartedData))]
[JsonSerializable(typeof(DeltaData))]
[JsonSerializable(typeof(SessionDetail))]
[JsonSerializable(typeof(Page<SessionView>))]
[JsonSerializable(typeof(Page<PersonaView>))]
[JsonSerializable(typeof(SessionSocket.ClientFrame))]
internal sealed partial class SessionsJson : JsonSerializerContext;
