import ControlModel
import Identity
import Images

/// Images of machines that this node keeps.
extension NodeControl {
    private var nodeImages: NodeImages { NodeImages(store: store, exchange: exchange) }

    func images() async throws -> ImageList {
        do { return try await nodeImages.list() } catch { throw NodeControl.explained(error) }
    }

    func addImage(_ request: ImageRequest) async throws -> ImageInfo {
        guard let blob = BlobID(request.blob) else {
            throw ControlFailure(
                status: 400, code: "control/bad-blob-id", message: "\"\(request.blob.prefix(80))\" is no blob id")
        }
        do {
            return try await nodeImages.add(blob, name: request.name)
        } catch {
            throw NodeControl.explained(error)
        }
    }

    func pruneImages(_ request: ImagePruneRequest) async throws -> ImagePruneReport {
        do { return try await nodeImages.prune(isDryRun: request.isDryRun) } catch {
            throw NodeControl.explained(error)
        }
    }
}
