#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/http/field_list.h"
#include "dataplane/proxy/kept_body.h"
#include "dataplane/proxy/stored_fields.h"

namespace fairlead::proxy {

// What has come of a request's body before a connection to a server stood. Part of an exchange; the bytes go to one
// server only, trailers without any also to the next.
class EarlyBody {
 public:
  void Append(buffer::Slice data) { bytes_.Append(std::move(data)); }
  // It ended early, too, with these.
  void StoreTrailers(const http::FieldList& trailers);

  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  // Null: none came early.
  const http::FieldList* trailers() const { return trailers_ == nullptr ? nullptr : &trailers_->list(); }

  // Gives the bytes away; `kept` may keep them.
  void SendTo(http::ClientStream& stream, KeptBody* kept);
  void Clear() {
    bytes_.Clear();
    trailers_.reset();
  }

 private:
  buffer::Queue bytes_;
  std::unique_ptr<StoredFields> trailers_;
};

}  // namespace fairlead::proxy
