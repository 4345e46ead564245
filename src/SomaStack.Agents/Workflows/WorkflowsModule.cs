using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>The wiring of the room.</summary>
public static class WorkflowsModule
{
    /// <summary>Effects under way at once in one process.</summary>
    internal const int EffectsMost = 256;

    public static readonly Room Room = new("Workflows", typeof(WorkflowsModule).Assembly)
    {
        Problems = [.. WorkflowProblems.All, .. ScheduleProblems.All],
        Metrics = WorkflowMetrics.All,
        Json = JsonTypeInfoResolver.Combine(WorkflowsJson.Default, SchedulesJson.Default),
        Add = static (services, options) =>
        {
            services.AddSingleton<RunStore>().AddSingleton<RunInputStore>().AddSingleton<RunLeaseStore>().AddSingleton<RunWriter>().AddSingleton<RunSignals>().AddSingleton<RunStreams>();
            services.AddSingleton<RunLines>().AddSingleton<RunProgress>().AddSingleton<RunRights>().AddSingleton<RunApprovalDesk>().AddSingleton<RunEffects>();
            services.AddSingleton(new FairSlots(EffectsMost)).AddSingleton<JournalRunHost>();
            if (TemporalModule.IsChosen(options)) TemporalModule.Add(services, options);
            services.TryAddSingleton<IRunHost>(static provider => provider.GetRequiredService<JournalRunHost>());
            services.AddSingleton<StartRun>().AddSingleton<ReadRuns>().AddSingleton<FollowRun>().AddSingleton<SteerRun>().AddSingleton<ForkRun>().AddSingleton<ListedWorkflows>();
            services.AddSingleton<INativeAdapter, RunsAdapter>();
            services.AddSingleton<TemplateStore>().AddSingleton<TemplateRuns>().AddSingleton<SaveTemplate>().AddSingleton<ImportTemplate>();
            services.AddSingleton<ScheduleStore>().AddSingleton<SaveSchedule>().AddSingleton<SteerSchedule>().AddSingleton<FireSchedules>();
            if (!options.HasRole("worker")) return;
            services.AddSingleton<RunPump>().AddHostedService(static provider => provider.GetRequiredService<RunPump>());
            services.AddHostedService<SweepRuns>().AddHostedService(static provider => provider.GetRequiredService<FireSchedules>());
        },
        Handle = static (subscriptions, provider) =>
        {
            var (desk, host) = (provider.GetRequiredService<RunApprovalDesk>(), provider.GetRequiredService<IRunHost>());
            subscriptions.On("workflows.approvals", [ApprovalEvents.Decided, ApprovalEvents.Returned], (line, work, _) => desk.HearAsync(line, work, host.Hear));
            provider.GetRequiredService<FireSchedules>().Handle(subscriptions);
        },
        Map = static routes =>
        {
            StartRun.Map(routes);
            ReadRuns.Map(routes);
            FollowRun.Map(routes);
            SteerRun.Map(routes);
            ForkRun.Map(routes);
            ListedWorkflows.Map(routes);
            SaveTemplate.Map(routes);
            InstantiateTemplate.Map(routes);
            ImportTemplate.Map(routes);
            SaveSchedule.Map(routes);
            SteerSchedule.Map(routes);
        },
    };
}
