//! A piece of a document as a tree, between two forms.

/// An element: with others in it, or with text.
#[derive(Debug, Clone, Default)]
pub struct Node {
    pub name: String,
    pub attributes: Vec<(&'static str, String)>,
    pub inside: Inside,
    /// Where it stands in the document that it was read from.
    pub byte: usize,
}

#[derive(Debug, Clone)]
pub enum Inside {
    Nodes(Vec<Node>),
    Text(String),
}

impl Default for Inside {
    fn default() -> Self {
        Inside::Nodes(Vec::new())
    }
}

impl Node {
    pub fn group(name: &str, byte: usize) -> Node {
        Node { name: name.to_string(), byte, ..Node::default() }
    }

    pub fn text(value: impl Into<String>, byte: usize) -> Node {
        Node { inside: Inside::Text(value.into()), byte, ..Node::default() }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Node {
        self.attributes.push((name, value.to_string()));
        self
    }

    pub fn nodes(&self) -> &[Node] {
        match &self.inside {
            Inside::Nodes(nodes) => nodes,
            Inside::Text(_) => &[],
        }
    }

    pub fn value(&self) -> &str {
        match &self.inside {
            Inside::Text(value) => value,
            Inside::Nodes(_) => "",
        }
    }

    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The first element at a path, such as `ChargeGroup/ChargeType`; itself at the empty path.
    pub fn at(&self, path: &str) -> Option<&Node> {
        let mut names = path.split('/').filter(|name| !name.is_empty());
        names.try_fold(self, |node, name| node.nodes().iter().find(|child| child.name == name))
    }

    /// What the first element at a path says.
    pub fn says(&self, path: &str) -> Option<&str> {
        self.at(path).map(Node::value)
    }

    /// The elements at a path; what leads there is the first of its name each time.
    pub fn all_at<'n>(&'n self, path: &str) -> impl Iterator<Item = &'n Node> {
        let (groups, name) = path.rsplit_once('/').unwrap_or(("", path));
        let nodes = self.at(groups).map_or(&[][..], Node::nodes);
        let name = name.to_string();
        nodes.iter().filter(move |child| child.name == name)
    }

    pub fn push(&mut self, node: Node) {
        if let Inside::Nodes(nodes) = &mut self.inside {
            nodes.push(node);
        }
    }

    /// Puts an element at a path, in the groups that are there already or in new ones.
    pub fn put(&mut self, path: &str, mut node: Node) {
        let (groups, name) = path.rsplit_once('/').unwrap_or(("", path));
        node.name = name.to_string();
        self.within(groups, node.byte, |group| group.push(node));
    }

    /// Fills the group at a path, which is there already or is made; one that stays empty is not.
    pub fn within<R>(&mut self, path: &str, byte: usize, fill: impl FnOnce(&mut Node) -> R) -> R {
        if path.is_empty() {
            return fill(self);
        }
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let Inside::Nodes(nodes) = &mut self.inside else { return fill(self) };
        let known = nodes.iter().rposition(|child| child.name == first);
        let at = known.unwrap_or_else(|| {
            nodes.push(Node::group(first, byte));
            nodes.len() - 1
        });
        let filled = nodes[at].within(rest, byte, fill);
        if known.is_none() && nodes[at].nodes().is_empty() {
            nodes.pop();
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_go_into_groups_that_are_there_and_no_group_is_empty() {
        let mut root = Node::group("root", 0);
        root.put("a/b/c", Node::text("1", 1));
        root.put("a/d", Node::text("2", 2));
        root.within("a/e/f", 3, |_| ());
        root.within("", 3, |it| it.put("g", Node::text("3", 3)));
        let names = |node: &Node| node.nodes().iter().map(|child| child.name.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!((names(&root), names(root.at("a").unwrap())), ("a g".into(), "b d".into()));
        assert_eq!(
            (root.says("a/b/c"), root.says("a/e"), root.at("").map(|it| &*it.name)),
            (Some("1"), None, Some("root"))
        );
        root.put("a/d", Node::text("4", 4));
        assert_eq!(root.all_at("a/d").map(Node::value).collect::<Vec<_>>(), ["2", "4"]);
        assert_eq!(root.at("a").unwrap().byte, 1, "where its first element stands");
    }
}
