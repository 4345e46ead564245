using SomaStack.Intelligence.Inference;

namespace SomaStack.StoreTests.Inference;

/// <summary>Whose the answers are that a provider keeps, on both databases.</summary>
public sealed class ResponsesStoreContract(Databases databases)
{
    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task An_answer_is_known_to_its_tenant_alone_until_it_is_deleted(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = new ResponseStore(db);
        await store.AddAsync("demo", "resp_1", "openai", 1);
        await store.AddAsync("demo", "resp_1", "another", 2);
        Assert.Equal("openai", await store.ProviderOfAsync("demo", "resp_1", Stop));
        Assert.Null(await store.ProviderOfAsync("other", "resp_1", Stop));
        Assert.Null(await store.ProviderOfAsync("demo", "resp_2", Stop));
        await store.RemoveAsync("other", "resp_1");
        Assert.Equal("openai", await store.ProviderOfAsync("demo", "resp_1", Stop));
        await store.RemoveAsync("demo", "resp_1");
        Assert.Null(await store.ProviderOfAsync("demo", "resp_1", Stop));
    }
}
