import Blake3
import BlobStore
import HTTPCache
import Identity
import Synchronization

extension EdgeCache {
    /// Forgets answers whose bodies the blob store gave up.
    func followStore() async {
        for await change in store.changes() {
            guard case .removed(let id) = change else { continue }
            guard let rows = try? await index.remove(body: id) else { continue }
            drop(rows)
        }
    }

    /// Takes what has no row any more out of memory.
    func drop(_ rows: [CacheIndex.Row]) {
        for row in rows {
            state.withLock { _ = $0.eviction.remove(HotEntry.name(row.app, row.record)) }
            dropFromMemory(row)
        }
    }

    /// Drops what made way for something else.
    func evict(_ names: [Digest]) async {
        guard !names.isEmpty, let rows = try? await index.evict(names) else { return }
        for row in rows { dropFromMemory(row) }
    }

    private func dropFromMemory(_ row: CacheIndex.Row) {
        let place = CacheTable.Key(app: row.app, text: row.record.key.text)
        state.withLock { state in
            for entry in state.table.variants(place) ?? [] where entry.record.variantText == row.record.variantText {
                state.table.remove(entry)
            }
        }
    }
}
