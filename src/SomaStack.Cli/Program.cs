using System.CommandLine;
using SomaStack.Cli;

var root = new RootCommand("SomaStack: run AI agents that have to ask first.\n\nExamples:\n  soma up               start everything and see one governed answer\n  soma chat \"What is checked before an agent acts?\"\n  soma audit verify     prove that the journal was not touched\n  soma bench --list")
{
    UpCommand.Create(), ServeCommand.Create(), ChatCommand.Create(), StatusCommand.Create(), TokenCommand.Create(), LoginCommand.Create(), LogoutCommand.Create(), AuditCommand.Create(),
    ModelCommand.Create(), CapsuleCommand.Create(), ToolCommand.Create(), McpCommand.Create(), WorkflowCommand.Create(), ScheduleCommand.Create(),
    PolicyCommand.Create(), ConstitutionCommand.Create(), ApprovalCommand.Create(), KillCommand.Create(), UserCommand.Create(), TenantCommand.Create(), KeyCommand.Create(),
    NotifyCommand.Create(), WebhookCommand.Create(), BenchCommand.Create(), TestCommand.Create(), SelftestCommand.Create(), PublishCommand.Create(), VersionCommand.Create(), CompletionCommand.Create(),
};
var parsed = root.Parse(args);
return await Failures.GuardAsync(parsed, () => parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) }));
