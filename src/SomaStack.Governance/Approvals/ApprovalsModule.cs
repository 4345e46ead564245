using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <summary>The wiring of the room.</summary>
public static class ApprovalsModule
{
    public static readonly Room Room = new("Approvals", typeof(ApprovalsModule).Assembly)
    {
        Add = static (services, _) => services
            .AddSingleton<ApprovalStore>().AddSingleton<ReadApprovals>().AddSingleton<DecideApproval>().AddSingleton<WithdrawApproval>()
            .AddSingleton<IApprovals, Approvals>().AddSingleton<IDecisions>(static provider => provider.GetRequiredService<DecideApproval>())
            .AddSingleton<IApprovalRecords>(static provider => provider.GetRequiredService<ReadApprovals>())
            .AddSingleton<ReturnApprovals>().AddHostedService(static provider => provider.GetRequiredService<ReturnApprovals>()),
        Map = static routes =>
        {
            ReadApprovals.Map(routes);
            DecideApproval.Map(routes);
            WithdrawApproval.Map(routes);
        },
        Problems = ApprovalProblems.All,
        Json = ApprovalsJson.Default,
        Metrics = ApprovalMetrics.All,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Reason[]))]
[JsonSerializable(typeof(ApprovalProposed))]
[JsonSerializable(typeof(ApprovalDecided))]
[JsonSerializable(typeof(ApprovalExecuted))]
[JsonSerializable(typeof(ApprovalReturned))]
[JsonSerializable(typeof(ApprovalWanted))]
[JsonSerializable(typeof(DecideRequest))]
[JsonSerializable(typeof(DecideAnswer))]
[JsonSerializable(typeof(ApprovalLine))]
[JsonSerializable(typeof(ApprovalView))]
[JsonSerializable(typeof(Page<ApprovalLine>))]
internal sealed partial class ApprovalsJson : JsonSerializerContext;
