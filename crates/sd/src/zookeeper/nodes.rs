use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use towerkit_endpoint::Code;
use zookeeper_client::Client;

use super::REGISTRY;
use super::error::timely_if_there;
use crate::{Instance, RegistryError};

/// The most nodes that are kept of one service.
const MOST: usize = 100_000;

/// How many nodes are asked for at a time.
const AT_A_TIME: usize = 64;

/// What stands right below a folder, by the name of the node. What can't be understood, or not be read, is left out.
#[derive(Debug)]
pub(super) struct Nodes {
    folder: String,
    instances: HashMap<String, Instance>,
}

impl Nodes {
    /// All of them. A folder that is not there is empty.
    pub(super) async fn read(client: &Client, folder: &str, limit: Duration) -> Result<Self, RegistryError> {
        let mut nodes = Self { folder: folder.to_owned(), instances: HashMap::new() };
        let names = timely_if_there(folder, limit, client.list_children(folder)).await?.unwrap_or_default();
        nodes.update(client, names, limit).await?;
        Ok(nodes)
    }

    /// Reads some of them again.
    pub(super) async fn update(
        &mut self,
        client: &Client,
        names: impl IntoIterator<Item = String>,
        limit: Duration,
    ) -> Result<(), RegistryError> {
        let folder = self.folder.clone();
        let mut reading = stream::iter(names)
            .map(|name| {
                let path = if folder == "/" { format!("/{name}") } else { format!("{folder}/{name}") };
                async move {
                    let data = timely_if_there(&path, limit, client.get_data(&path)).await;
                    (name, data)
                }
            })
            .buffer_unordered(AT_A_TIME);
        while let Some((name, data)) = reading.next().await {
            match data {
                Ok(data) => self.put(name, data.map(|(data, _)| data).as_deref())?,
                Err(error) if error.code() == Code::PermissionDenied => self.put(name, None)?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn put(&mut self, name: String, data: Option<&[u8]>) -> Result<(), RegistryError> {
        // Its number is another each time: no name for an instance.
        match data.and_then(|data| Instance::from_value(data, "")) {
            Some(_) if self.instances.len() >= MOST && !self.instances.contains_key(&name) => {
                let what = format!("{}: there are more than {MOST} nodes", self.folder);
                return Err(RegistryError::malformed(REGISTRY, what));
            }
            Some(instance) => drop(self.instances.insert(name, instance)),
            None => drop(self.instances.remove(&name)),
        }
        Ok(())
    }

    /// The name of a node that is right below the folder, by its path.
    pub(super) fn name_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let name = path.strip_prefix(&self.folder)?;
        let name = if self.folder == "/" { name } else { name.strip_prefix('/')? };
        (!name.is_empty() && !name.contains('/')).then_some(name)
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = Instance> {
        self.instances.values().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(folder: &str) -> Nodes {
        Nodes { folder: folder.to_owned(), instances: HashMap::new() }
    }

    #[test]
    fn only_what_is_right_below_the_folder_is_a_node_of_it() {
        let below = nodes("/services/addsvc");
        assert_eq!(below.name_of("/services/addsvc/a"), Some("a"));
        for other in
            ["/services/addsvc", "/services/addsvc/", "/services/addsvc/a/b", "/services/addsvc2", "", "/other"]
        {
            assert_eq!(below.name_of(other), None, "{other}");
        }
        assert_eq!(nodes("/").name_of("/a"), Some("a"));
    }

    #[test]
    fn data_that_can_t_be_understood_takes_the_place_of_what_was() {
        let mut nodes = nodes("/s");
        nodes.put("a".to_owned(), Some(b"h:1")).unwrap();
        nodes.put("b".to_owned(), Some(b"h:2")).unwrap();
        nodes.put("a".to_owned(), Some(b"\xff")).unwrap();
        nodes.put("c".to_owned(), None).unwrap();
        assert_eq!(nodes.instances().map(|one| one.address().to_owned()).collect::<Vec<_>>(), ["h:2"]);
    }

    #[test]
    fn no_more_than_it_has_room_for_is_kept() {
        let mut nodes = nodes("/s");
        for n in 0..MOST {
            nodes.put(n.to_string(), Some(b"h:1")).unwrap();
        }
        nodes.put("1".to_owned(), Some(b"h:2")).unwrap();
        assert_eq!(nodes.put("more".to_owned(), Some(b"h:1")).unwrap_err().code(), Code::DataLoss);
    }
}
