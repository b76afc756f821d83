import BlobStore
