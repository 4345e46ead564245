using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What is done to working memory, each in one transaction with its journal line.</summary>
internal sealed class WorkingMemory(
    WorkingSessions sessions, Memories memories, WriteGate gate, ITextEmbedder embedder, Journal journal, TimeProvider clock) : IWorkingMemory
{
    public const int SessionIdMax = 200;
    public const string RequestedRule = "requested";
    public const string UsedRule = "used_in_recalls";

    public const string Kind = "working";

    public Task AdmitAsync(DbWork work, RequestContext context, string sessionId, IReadOnlyList<WorkingDraft> items) => AdmitAsync(work, context, sessionId, items, null, strict: false);

    /// <param name="capacity">Tokens; null keeps what the session has.</param>
    /// <param name="strict">False leaves out what does not fit instead of refusing.</param>
    /// <exception cref="Problem">409 <c>working_memory_full</c>.</exception>
    public async Task<(List<Admission> Admissions, HeldSession Session)> AdmitAsync(
        DbWork work, RequestContext context, string sessionId, IReadOnlyList<WorkingDraft> items, int? capacity, bool strict)
    {
        var key = WorkingKey.Of(context, sessionId);
        var taken = await sessions.OpenAsync(work, key);
        var now = clock.GetUtcNow();
        var (set, evicted) = capacity is { } tokens ? taken.Set.Resize(tokens) : (taken.Set, []);
        var gone = new List<string>(evicted);
        var admissions = new List<Admission>(items.Count);
        foreach (var draft in items)
        {
            if (Admit(set, draft, now, strict) is not { } admission) continue;
            admissions.Add(admission);
            gone.AddRange(admission.Evicted);
            set = admission.Set;
        }
        // An item that came and went again within this transaction never had a row.
        foreach (var admission in admissions)
            if ((admission.Created || admission.Merged) && set.Find(admission.Item.Id) is { } item) await WorkingStore.PutAsync(work, key, item);
        if (gone.Count > 0) await WorkingStore.RemoveAsync(work, key, gone);
        await sessions.SaveAsync(work, key, taken, set, gone.Count);
        await journal.AppendAsync(work, context, WorkingEvents.Subject(key.Owner, sessionId), taken.Session.Version, WorkingEvents.Admitted, new WorkingAdmitted(
            sessionId, [.. admissions.Select(static one => new WorkingAdmittedItem(one.Item.Id, one.Item.Tokens, one.Merged, one.Item.Pinned, one.Item.MemoryId))],
            gone, set.Tokens, set.Capacity), WorkingJson.Default.WorkingAdmitted);
        work.OnCommit(() =>
        {
            WorkingMetrics.Admitted.Add(admissions.Count(static one => one.Created));
            WorkingMetrics.Merged.Add(admissions.Count(static one => one.Merged));
            WorkingMetrics.Evicted.Add(gone.Count);
        });
        return (admissions, new HeldSession(taken.Session, set));
    }

    public async Task<IReadOnlyList<RecalledMemory>> SearchAsync(
        RequestContext context, string? sessionId, string queryText, float[]? queryVector, int limit, CancellationToken cancellationToken)
    {
        if (sessionId is null) return [];
        CheckSession(sessionId);
        var key = WorkingKey.Of(context, sessionId);
        if (await sessions.ReadAsync(key, cancellationToken) is not { } held) return [];
        var question = new Question(Analyser.Query(queryText), queryVector ?? embedder.Embed(queryText), limit, null, null, null, null, clock.NowMicros());
        var found = held.Shelf.Value.Search(question, Ranking.Default).ToDictionary(static hit => hit.Id, StringComparer.Ordinal);
        var due = await PrepareDueAsync(context, sessionId, held.Set.Items.Where(item => found.ContainsKey(item.Id)), cancellationToken);
        var used = await sessions.Db.WriteAsync(context.Tenant, work => UseAsync(work, context, key, found.Keys, due), cancellationToken);
        return [.. used.Select(item => Recalled(item, found[item.Id], sessionId))
            .OrderByDescending(static hit => hit.Score).ThenByDescending(static hit => hit.EventTime).ThenBy(static hit => hit.Id, StringComparer.Ordinal)];
    }

    /// <exception cref="Problem">404 when there is no such item.</exception>
    public Task<WorkingItem> PinAsync(RequestContext context, string sessionId, string id, bool pinned, CancellationToken cancellationToken) =>
        ChangeAsync(context, sessionId, async (work, key, taken) =>
        {
            var item = ItemOf(taken, id) with { Pinned = pinned };
            await WorkingStore.PutAsync(work, key, item);
            await sessions.SaveAsync(work, key, taken, taken.Set.Change(item), sameTexts: true);
            await journal.AppendAsync(work, context, WorkingEvents.Subject(key.Owner, sessionId), taken.Session.Version, WorkingEvents.Pinned, new WorkingPinned(sessionId, id, pinned), WorkingJson.Default.WorkingPinned);
            return item;
        }, cancellationToken);

    /// <summary>Removes one item, or all when <paramref name="id"/> is null; pinned ones too, since a person asked for it.</summary>
    /// <returns>How many went.</returns>
    public Task<int> RemoveAsync(RequestContext context, string sessionId, string? id, CancellationToken cancellationToken) =>
        ChangeAsync(context, sessionId, async (work, key, taken) =>
        {
            string[] ids = id is null ? [.. taken.Set.Items.Select(static item => item.Id)] : [ItemOf(taken, id).Id];
            if (id is null) await WorkingStore.ClearAsync(work, key);
            else await WorkingStore.RemoveAsync(work, key, ids);
            await sessions.SaveAsync(work, key, taken, taken.Set.Without(ids));
            await AppendRemovedAsync(work, context, key, taken, ids, id is null ? "cleared" : "deleted");
            return ids.Length;
        }, cancellationToken);

    /// <summary>Makes an item a memory, in the same transaction.</summary>
    /// <returns>Created is false when a memory held it already.</returns>
    public async Task<(string MemoryId, bool Created)> PromoteAsync(RequestContext context, string sessionId, string id, string reason, string @namespace, CancellationToken cancellationToken)
    {
        var seen = ItemOf(await sessions.ReadAsync(WorkingKey.Of(context, sessionId), cancellationToken) ?? throw UnknownSession(), id);
        if (seen.MemoryId is { } known) return (known, false);
        var prepared = await memories.PrepareAsync(context, Promotion(context, sessionId, seen, reason, @namespace), cancellationToken);
        var leave = await gate.LeaveAsync(context, [prepared], $"{sessionId}/{id}/{@namespace}/{reason}", cancellationToken);
        return await ChangeAsync(context, sessionId, async (work, key, taken) =>
        {
            await leave.ClaimAsync(work);
            var item = ItemOf(taken, id);
            if (item.MemoryId is { } meanwhile) return (meanwhile, false);
            if (item.Text != seen.Text) throw PlatformProblems.Conflict.Because("The item was said anew meanwhile.");
            var promoted = await WritePromotionAsync(work, context, key, item, prepared, reason);
            await sessions.SaveAsync(work, key, taken, taken.Set.Change(promoted), sameTexts: true);
            await journal.AppendAsync(work, context, WorkingEvents.Subject(key.Owner, sessionId), taken.Session.Version, WorkingEvents.Promoted,
                new WorkingPromoted(sessionId, new WorkingPromotedItem(id, promoted.MemoryId!, RequestedRule)), WorkingJson.Default.WorkingPromoted);
            return (promoted.MemoryId!, true);
        }, cancellationToken);
    }

    public static void CheckSession(string? sessionId) =>
        Check.That(sessionId is { Length: > 0 and <= SessionIdMax } && !sessionId.Any(char.IsControl), "session_id", $"must have 1 to {SessionIdMax} characters").OrThrow();

    public static Problem UnknownSession() => WorkingProblems.UnknownSession.Because("You have admitted nothing to a session of this id.");

    private static Admission? Admit(WorkingSet set, WorkingDraft draft, DateTimeOffset now, bool strict)
    {
        var content = draft.Content;
        var item = new WorkingItem(
            content.Id, content.Draft.Text, draft.Tokens ?? TokenEstimate.Of(content.Draft.Text), content.Terms ?? Analyser.Document(content.Draft.Text),
            content.Encoded, content.EmbeddingModel, draft.Pinned, MemoryId: draft.MemoryId);
        try
        {
            return set.Admit(item, now);
        }
        catch (Problem problem) when (!strict && problem.Code == WorkingProblems.Full)
        {
            return null;
        }
    }

    /// <summary>Items whose next use makes them memories. A principal who may not write, or whom the gate stops, promotes nothing.</summary>
    private async Task<List<(WorkingItem Item, PreparedMemory Memory)>> PrepareDueAsync(RequestContext context, string sessionId, IEnumerable<WorkingItem> hits, CancellationToken cancellationToken)
    {
        var due = new List<(WorkingItem, PreparedMemory)>();
        if (!context.Capabilities.Has(Capability.MemoryWrite)) return due;
        foreach (var item in hits.Where(static item => WorkingSet.IsDue(item with { Uses = item.Uses + 1 })))
        {
            // What one principal had in mind stays its own: the rule never publishes it to the tenant.
            var draft = Promotion(context, sessionId, item, $"It was used in {item.Uses + 1} recalls.", "conversation/" + context.Principal.Id);
            var prepared = await memories.PrepareAsync(context, draft, cancellationToken);
            try
            {
                await gate.AskAsync(context, [prepared], cancellationToken);
                due.Add((item, prepared));
            }
            catch (Problem problem) when (problem.Code == MemoryProblems.Denied || problem.Code == MemoryProblems.NeedsApproval)
            {
                // It stays in working memory and is asked for again with its next use.
            }
        }
        return due;
    }

    private async Task<IReadOnlyList<WorkingItem>> UseAsync(DbWork work, RequestContext context, WorkingKey key, IReadOnlyCollection<string> ids, List<(WorkingItem Item, PreparedMemory Memory)> due)
    {
        if (await sessions.TakeAsync(work, key) is not { } taken) return [];
        var now = clock.GetUtcNow();
        string[] used = [.. taken.Set.Items.Where(item => ids.Contains(item.Id)).Select(static item => item.Id)];
        var set = taken.Set.Use(used, now);
        if (used.Length > 0) await WorkingStore.UseAsync(work, key, used, set.Turn, now.ToMicros());
        var promoted = new List<WorkingPromotedItem>();
        foreach (var (seen, prepared) in due)
        {
            if (set.Find(seen.Id) is not { } item || !WorkingSet.IsDue(item) || item.Text != seen.Text) continue;
            var known = await WritePromotionAsync(work, context, key, item, prepared, $"It was used in {item.Uses} recalls.");
            set = set.Change(known);
            promoted.Add(new WorkingPromotedItem(item.Id, known.MemoryId!, UsedRule));
        }
        await sessions.SaveAsync(work, key, taken, set, found: used.Length > 0, sameTexts: true);
        await journal.AppendAsync(work, context, WorkingEvents.Subject(key.Owner, key.SessionId), taken.Session.Version, WorkingEvents.Recalled,
            new WorkingRecalled(key.SessionId, used, promoted), WorkingJson.Default.WorkingRecalled);
        work.OnCommit(() => (used.Length > 0 ? WorkingMetrics.Hits : WorkingMetrics.Misses).Add(1));
        return [.. set.Items.Where(item => ids.Contains(item.Id))];
    }

    private async Task<WorkingItem> WritePromotionAsync(DbWork work, RequestContext context, WorkingKey key, WorkingItem item, PreparedMemory prepared, string reason)
    {
        var promoted = item with { MemoryId = await memories.WriteAsync(work, context, prepared), Promotion = reason };
        await WorkingStore.PutAsync(work, key, promoted);
        work.OnCommit(() => WorkingMetrics.Promoted.Add(1));
        return promoted;
    }

    /// <summary>The id follows from the words, so that the same item is promoted once however often it is tried.</summary>
    private static MemoryDraft Promotion(RequestContext context, string sessionId, WorkingItem item, string reason, string @namespace) => new(
        item.Text, "episode", Ids.Derive($"wm-promotion\n{context.Tenant}\n{context.Principal.Id}\n{sessionId}\n{item.Id}\n{item.Folded}"), "wm:" + sessionId, Conversation: sessionId,
        EventTime: item.AdmittedAt, Namespace: @namespace,
        Metadata: System.Text.Json.JsonSerializer.Serialize(new PromotionNote(item.Id, reason), WorkingJson.Default.PromotionNote));

    private static RecalledMemory Recalled(WorkingItem item, Found hit, string sessionId) => new(
        item.Id, item.Text, Math.Round(hit.Score, 4), Kind, "wm:" + sessionId, null, 0.5, item.AdmittedAt,
        new Dictionary<string, double>(Memories.Explained(hit.Signals), StringComparer.Ordinal) { ["working"] = 1 })
    { Key = item.MemoryId };

    private Task<T> ChangeAsync<T>(RequestContext context, string sessionId, Func<DbWork, WorkingKey, HeldSession, Task<T>> change, CancellationToken cancellationToken)
    {
        CheckSession(sessionId);
        var key = WorkingKey.Of(context, sessionId);
        return sessions.Db.WriteAsync(context.Tenant, async work => await change(work, key, await sessions.TakeAsync(work, key) ?? throw UnknownSession()), cancellationToken);
    }

    private Task<long> AppendRemovedAsync(DbWork work, RequestContext context, WorkingKey key, HeldSession taken, IReadOnlyList<string> ids, string why) => journal.AppendAsync(
        work, context, WorkingEvents.Subject(key.Owner, key.SessionId), taken.Session.Version, WorkingEvents.Removed, new WorkingRemoved(key.SessionId, ids, why), WorkingJson.Default.WorkingRemoved);

    private static WorkingItem ItemOf(HeldSession held, string id) => held.Set.Find(id) ?? throw WorkingProblems.UnknownItem.Because("The session holds no item of this id.");
}
