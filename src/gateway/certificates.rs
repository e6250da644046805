//! Certificates of participants, as an operator gives and takes them (post-office 5.1).

use super::{Fault, Gateway, load};
use crate::process::gather_more;
use crate::process::participants::{self, Assignment, Certificate, NotAssigned, Thumbprint};
use crate::record::{Batch, Facts, Needs, Outcome};
use crate::store::Store;

/// What is to become of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateOrder {
    Assign(Assignment),
    /// It speaks for nobody any longer.
    Withdraw(Thumbprint),
}

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    #[error(transparent)]
    NotAssigned(#[from] NotAssigned),
    #[error("this certificate speaks for nobody")]
    Unknown,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl CertificateOrder {
    /// What carries it out in a store as it is.
    pub fn plan(&self, store: &dyn Store) -> Result<Batch, CertificateFault> {
        let look = |needs: &Needs| load(store, needs);
        let (needs, thumbprint) = match self {
            Self::Assign(assignment) => {
                (participants::assign_needs(&assignment.certificate), &assignment.certificate.thumbprint)
            }
            Self::Withdraw(thumbprint) => (participants::certificate_needs(thumbprint), thumbprint),
        };
        let party = |facts: &Facts| match self {
            Self::Assign(assignment) => Some(assignment.certificate.party.clone()),
            Self::Withdraw(_) => participants::certificate(facts, thumbprint).map(|known| known.party),
        };
        let more =
            |facts: &Facts| party(facts).map(|party| participants::more_needs(facts, &party)).unwrap_or_default();
        let facts = gather_more(needs, more, look)?;
        let changes = match self {
            Self::Assign(assignment) => participants::assign(&facts, assignment)?,
            Self::Withdraw(_) => participants::withdraw(&facts, thumbprint),
        };
        if changes.is_empty() {
            return Err(CertificateFault::Unknown);
        }
        let mut batch = Batch::default();
        batch.unless_moved(facts.versions()).put_all(changes);
        Ok(batch)
    }
}

impl Gateway {
    /// Whom a certificate speaks for, and when.
    pub fn certificate(&self, thumbprint: &Thumbprint) -> Result<Option<Certificate>, Fault> {
        let facts = load(&*self.store, &participants::certificate_needs(thumbprint))?;
        Ok(participants::certificate(&facts, thumbprint))
    }

    /// Gives or takes a certificate; it holds from the next request on.
    pub async fn order_certificate(&self, order: &CertificateOrder) -> Result<(), CertificateFault> {
        // Somebody else may give the same participant a certificate meanwhile: look again.
        while let Outcome::Conflict(_) = self.write(order.plan(&*self.store)?).await? {}
        Ok(())
    }
}
