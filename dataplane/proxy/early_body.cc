#include "dataplane/proxy/early_body.h"

namespace fairlead::proxy {

void EarlyBody::StoreTrailers(const http::FieldList& trailers) {
  trailers_ = std::make_unique<StoredFields>();
  for (const http::FieldList::Field& field : trailers) trailers_->Add(trailers, field);
}

void EarlyBody::SendTo(http::ClientStream& stream, KeptBody* kept) {
  for (buffer::Slice& slice : bytes_.TakeSlices()) {
    kept->Add(slice);
    stream.SendData(std::move(slice));
  }
}

}  // namespace fairlead::proxy
