using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Refusals of what runs behind walls; those of every tool are the room's.</summary>
internal static class SandboxProblems
{
    public static readonly ProblemCode WorkspaceMissing = new("workspace_missing", ProblemKind.Invalid, "The call has no workspace", "Call the tool from a run or a session; each has a workspace of its own.");
    public static readonly ProblemCode WorkspaceFull = new("workspace_full", ProblemKind.TooLarge, "The workspace holds as much as it may", "Delete files, or ask the operator for SOMA_WORKSPACE_MEGABYTES or SOMA_WORKSPACE_FILES.");
    public static readonly ProblemCode PathRefused = new("path_refused", ProblemKind.Forbidden, "The path is not one of the workspace", "Name a file below the workspace; links are not followed.");
    public static readonly ProblemCode FileUnknown = new("file_unknown", ProblemKind.NotFound, "There is no such file in the workspace", "List the files first.");
    public static readonly ProblemCode FileConflict = new("file_conflict", ProblemKind.Conflict, "The file stands in the way", "Name another path, or say that it may be replaced.");
    public static readonly ProblemCode MemoryExceeded = new("tool_memory_exceeded", ProblemKind.Upstream, "The tool used more memory than it may", "Ask for less, or raise memory_megabytes in the manifest.");
    public static readonly ProblemCode OutputFlood = new("tool_output_flood", ProblemKind.Upstream, "The tool wrote far more than it may", "Ask for less, or write to a file of the workspace.");
    public static readonly ProblemCode ModuleMissing = new("wasm_module_missing", ProblemKind.Unavailable, "The module is not on this server", "Put the file named by its SHA-256 into the folder 'wasm' of the data folder.");
    public static readonly ProblemCode ModuleRefused = new("wasm_module_refused", ProblemKind.Invalid, "The module is not acceptable", "Build it as a WASI command (wasm32-wasip1) that reads standard input and writes standard output.");
    public static readonly ProblemCode GitRefused = new("git_refused", ProblemKind.Forbidden, "The repository is not one that Git is run on", "Its folder .git must be a plain folder with a plain file 'config'; start one with the action init.");
    public static readonly ProblemCode GitRemote = new("git_remote_refused", ProblemKind.NotBuilt, "Git does not reach other servers from here", "Bring the files in through another tool; nothing behind the walls has a network.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        WorkspaceMissing, WorkspaceFull, PathRefused, FileUnknown, FileConflict, MemoryExceeded, OutputFlood, ModuleMissing, ModuleRefused, GitRefused, GitRemote,
    ];
}
