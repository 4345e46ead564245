using System.Text.Json.Serialization;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Agents.Workflows.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ToolNotice))]
[JsonSerializable(typeof(ApprovalProposed))]
[JsonSerializable(typeof(ApprovalDecided))]
[JsonSerializable(typeof(ApprovalReturned))]
[JsonSerializable(typeof(KillSwitchChanged))]
[JsonSerializable(typeof(ModeChanged))]
[JsonSerializable(typeof(ConstitutionUpdated))]
[JsonSerializable(typeof(ConstitutionRefused))]
[JsonSerializable(typeof(PolicyUpdated))]
[JsonSerializable(typeof(PolicyNotice))]
[JsonSerializable(typeof(CostAnomaly))]
[JsonSerializable(typeof(LimitChanged))]
[JsonSerializable(typeof(ModerationStrike))]
[JsonSerializable(typeof(ModerationAppealed))]
[JsonSerializable(typeof(ModerationAppealDecided))]
[JsonSerializable(typeof(TrainingStarted))]
[JsonSerializable(typeof(TrainingStopped))]
[JsonSerializable(typeof(CredentialsRefused))]
[JsonSerializable(typeof(PasswordChanged))]
[JsonSerializable(typeof(MfaChanged))]
[JsonSerializable(typeof(RecoveryCodeUsed))]
[JsonSerializable(typeof(ApiKeyCreated))]
[JsonSerializable(typeof(Invited))]
[JsonSerializable(typeof(InvitationAccepted))]
[JsonSerializable(typeof(PromotionSuggested))]
[JsonSerializable(typeof(PromotionDecided))]
[JsonSerializable(typeof(RunFinished))]
[JsonSerializable(typeof(RequestCompleted))]
[JsonSerializable(typeof(RunFormAsked))]
[JsonSerializable(typeof(RunFormEnded))]
[JsonSerializable(typeof(RunEnded))]
[JsonSerializable(typeof(DeadLettered))]
internal sealed partial class RulesJson : JsonSerializerContext;
