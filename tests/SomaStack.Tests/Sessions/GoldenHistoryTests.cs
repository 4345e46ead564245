using System.Text.Json;
using SomaStack.Agents.Sessions;
using SomaStack.Agents.Sessions.Contracts;

namespace SomaStack.Tests.Sessions;

/// <summary>
/// A history as the first release wrote it. A later release must read it to the same state and write the same bytes: journals are
/// kept for years, so this file only ever grows.
/// </summary>
public sealed class GoldenHistoryTests
{
    private static readonly string[] History =
    [
        """somastack.sessions.started.v1 {"persona":"guide","principal":"owner","client_type":"cli","constitution_hash":"c0ffee","constitution_version":1}""",
        """somastack.sessions.turn_opened.v1 {"turn_id":"t1","number":1,"prompt_sha256":"aa","prompt_chars":21,"provider":"somastack","model":"soma-extract","reservation_id":"r1","policy_digest":"dd","policy_score":0.92,"memories":["m1","m2"]}""",
        """somastack.sessions.turn_completed.v1 {"turn_id":"t1","answer_sha256":"bb","answer_chars":80,"input_tokens":120,"output_tokens":30,"cost_nanos":0,"currency":"USD","finish_reason":"stop","memory_id":"m3"}""",
        """somastack.sessions.turn_opened.v1 {"turn_id":"t2","number":2,"prompt_sha256":"cc","prompt_chars":7,"provider":"openai","model":"gpt-x","reservation_id":"r2","policy_digest":"ee","policy_score":0.8,"memories":[]}""",
        """somastack.sessions.turn_cancelled.v1 {"turn_id":"t2","by":"owner","answer_chars":12,"input_tokens":null,"output_tokens":null}""",
        """somastack.sessions.turn_opened.v1 {"turn_id":"t3","number":3,"prompt_sha256":"cc","prompt_chars":7,"provider":"openai","model":"gpt-x","reservation_id":"r3","policy_digest":"ee","policy_score":0.8,"memories":[]}""",
        """somastack.sessions.turn_failed.v1 {"turn_id":"t3","code":"turn_interrupted","answer_chars":0}""",
        """somastack.sessions.closed.v1 {"by":"owner"}""",
    ];

    /// <summary>As the release wrote it in which turns began to use tools and to have siblings.</summary>
    private static readonly string[] WithTools =
    [
        """somastack.sessions.started.v1 {"persona":"guide","principal":"owner","client_type":"cli","constitution_hash":"c0ffee","constitution_version":1}""",
        """somastack.sessions.turn_opened.v1 {"turn_id":"t1","number":1,"prompt_sha256":"aa","prompt_chars":21,"provider":"openai","model":"gpt-x","reservation_id":"r1","policy_digest":"dd","policy_score":0.92,"memories":[]}""",
        """somastack.sessions.turn_paused.v1 {"turn_id":"t1","round":1,"approvals":["a1","a2"]}""",
        """somastack.sessions.turn_resumed.v1 {"turn_id":"t1","round":1,"approvals":["a2"]}""",
        """somastack.sessions.turn_paused.v1 {"turn_id":"t1","round":1,"approvals":["a1"]}""",
        """somastack.sessions.turn_resumed.v1 {"turn_id":"t1","round":1,"approvals":["a1"]}""",
        """somastack.sessions.turn_completed.v1 {"turn_id":"t1","answer_sha256":"bb","answer_chars":80,"input_tokens":120,"output_tokens":30,"cost_nanos":0,"currency":"USD","finish_reason":"stop","memory_id":"m3","provider":"openai","model":"gpt-x","call_id":"r2"}""",
        """somastack.sessions.turn_opened.v1 {"turn_id":"t2","number":2,"prompt_sha256":"cc","prompt_chars":7,"provider":"openai","model":"gpt-x","reservation_id":"r3","policy_digest":"ee","policy_score":0.8,"memories":[],"parent":"t1"}""",
        """somastack.sessions.turn_paused.v1 {"turn_id":"t2","round":2,"approvals":["a3"]}""",
        """somastack.sessions.turn_cancelled.v1 {"turn_id":"t2","by":"owner","answer_chars":0,"input_tokens":9,"output_tokens":4}""",
    ];

    [Fact]
    public void A_history_with_tools_still_reads_to_the_same_state() =>
        Assert.Equal(new SessionState(SessionStatus.Active, 10, "c0ffee", null, 2), WithTools.Select(Read).Aggregate(SessionState.None, SessionDecider.Apply));

    [Fact]
    public void The_first_releases_history_still_reads_to_the_same_state()
    {
        var state = History.Select(Read).Aggregate(SessionState.None, SessionDecider.Apply);
        Assert.Equal(new SessionState(SessionStatus.Closed, 8, "c0ffee", null, 3), state);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_line_is_decided_again_and_written_as_it_was(bool withTools)
    {
        var state = SessionState.None;
        foreach (var line in withTools ? WithTools : History)
        {
            var happened = Read(line);
            var decision = SessionDecider.Decide(state, Command(happened));
            Assert.Null(decision.Refusal);
            Assert.Equal(line, Write(decision.Event!));
            state = SessionDecider.Apply(state, decision.Event!);
        }
    }

    private static SessionCommand Command(SessionEvent happened) => happened switch
    {
        SessionStarted e => new StartCommand(e),
        TurnOpened e => new OpenTurnCommand(e, "c0ffee"),
        TurnPaused e => new PauseTurnCommand(e),
        TurnResumed e => new ResumeTurnCommand(e, "c0ffee"),
        TurnCompleted e => new CompleteTurnCommand(e),
        TurnFailed e => new FailTurnCommand(e),
        TurnCancelled e => new CancelTurnCommand(e),
        SessionClosed e => new CloseCommand(e),
        _ => throw new InvalidOperationException(),
    };

    private static SessionEvent Read(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var json = line[(space + 1)..];
        return line[..space] switch
        {
            SessionEvents.Started => JsonSerializer.Deserialize(json, SessionsJson.Default.SessionStarted)!,
            SessionEvents.TurnOpened => JsonSerializer.Deserialize(json, SessionsJson.Default.TurnOpened)!,
            SessionEvents.TurnPaused => JsonSerializer.Deserialize(json, SessionsJson.Default.TurnPaused)!,
            SessionEvents.TurnResumed => JsonSerializer.Deserialize(json, SessionsJson.Default.TurnResumed)!,
            SessionEvents.TurnCompleted => JsonSerializer.Deserialize(json, SessionsJson.Default.TurnCompleted)!,
            SessionEvents.TurnFailed => JsonSerializer.Deserialize(json, SessionsJson.Default.TurnFailed)!,
            SessionEvents.TurnCancelled => JsonSerializer.Deserialize(json, SessionsJson.Default.TurnCancelled)!,
            SessionEvents.Closed => JsonSerializer.Deserialize(json, SessionsJson.Default.SessionClosed)!,
            var unknown => throw new InvalidOperationException(unknown),
        };
    }

    private static string Write(SessionEvent happened) => happened switch
    {
        SessionStarted e => SessionEvents.Started + " " + JsonSerializer.Serialize(e, SessionsJson.Default.SessionStarted),
        TurnOpened e => SessionEvents.TurnOpened + " " + JsonSerializer.Serialize(e, SessionsJson.Default.TurnOpened),
        TurnPaused e => SessionEvents.TurnPaused + " " + JsonSerializer.Serialize(e, SessionsJson.Default.TurnPaused),
        TurnResumed e => SessionEvents.TurnResumed + " " + JsonSerializer.Serialize(e, SessionsJson.Default.TurnResumed),
        TurnCompleted e => SessionEvents.TurnCompleted + " " + JsonSerializer.Serialize(e, SessionsJson.Default.TurnCompleted),
        TurnFailed e => SessionEvents.TurnFailed + " " + JsonSerializer.Serialize(e, SessionsJson.Default.TurnFailed),
        TurnCancelled e => SessionEvents.TurnCancelled + " " + JsonSerializer.Serialize(e, SessionsJson.Default.TurnCancelled),
        SessionClosed e => SessionEvents.Closed + " " + JsonSerializer.Serialize(e, SessionsJson.Default.SessionClosed),
        _ => throw new InvalidOperationException(),
    };
}
